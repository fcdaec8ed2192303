/* What every public header of Lifoguard needs: the version of the library, and marks for declarations. All public headers
 * compile as C (gnu17, gnu2x) and as C++17; the macros that defer calls exist only in C.
 *
 * In the comments of all headers, a letter and a number, as D6 or C9, name a rule of docs/rules.md, which states the rule in
 * full. "Panics" means that the function begins a panic (panic.h) instead of returning. Compile the program with -fexceptions (panic.h) and
 * -fstack-clash-protection (go.h), and link it with -llifoguard; pkg-config lifoguard gives all of these options. */
#ifndef LIFOGUARD_BASE_H
#define LIFOGUARD_BASE_H

#if !defined(__cplusplus) && (!defined(__STDC_VERSION__) || __STDC_VERSION__ < 199901L)
#error "lifoguard: compile as C11 or newer, as with -std=gnu17"
#define LGI_END_OF_ERRORS                                                                          \
    "lifoguard is not for this version of C" /* no such file: the compiler stops */
#include LGI_END_OF_ERRORS
#endif

/* The version of the headers: MAJOR.MINOR.PATCH. docs/stability.md says what may change in which version. */
#define LG_VERSION_MAJOR 0
#define LG_VERSION_MINOR 1
#define LG_VERSION_PATCH 0

/* Marks a declaration that the library exports. The shared library is compiled with -fvisibility=hidden, so it exports
 * only marked names. The static library is compiled with LGI_HIDDEN: a program or plugin that links the static library
 * exports none of its names. */
#ifdef LGI_HIDDEN
#define LG_API __attribute__((__visibility__("hidden")))
#else
#define LG_API __attribute__((__visibility__("default")))
#endif

#ifdef __cplusplus
#include <lifoguard/impl/only_in_c.h>

/* The inline functions are C, so they have casts of C. */
#define LG_BEGIN_DECLS                                                                             \
    _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wold-style-cast\"")          \
        _Pragma("GCC diagnostic ignored \"-Wzero-as-null-pointer-constant\"") extern "C"           \
    {
#define LG_END_DECLS                                                                               \
    }                                                                                              \
    _Pragma("GCC diagnostic pop")
#else
#define LG_BEGIN_DECLS
#define LG_END_DECLS
#endif

/* Parameter number `format` is a printf format, and the values begin at parameter number `first` (0: a va_list holds
 * the values). */
#define LGI_PRINTF(format, first) __attribute__((__format__(__printf__, format, first)))

#endif
