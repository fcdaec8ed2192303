/* lifoguard/base.h: what every public header of Lifoguard needs. Compiles as C (gnu17, gnu2x) and
 * as C++17. */
#ifndef LIFOGUARD_BASE_H
#define LIFOGUARD_BASE_H

#define LG_VERSION_MAJOR 0
#define LG_VERSION_MINOR 1
#define LG_VERSION_PATCH 0

/* The shared library is compiled with -fvisibility=hidden: only what carries this mark can be seen outside. The static
 * library is compiled with LGI_HIDDEN: none of its names can be seen outside the program or plugin that has it. */
#ifdef LGI_HIDDEN
#define LG_API __attribute__((__visibility__("hidden")))
#else
#define LG_API __attribute__((__visibility__("default")))
#endif

#ifdef __cplusplus
#define LG_BEGIN_DECLS extern "C" {
#define LG_END_DECLS }
#else
#define LG_BEGIN_DECLS
#define LG_END_DECLS
#endif

/* Argument number `format` is a printf format, its values begin at number `first` (0: they are in a
 * va_list). */
#define LGI_PRINTF(format, first) __attribute__((__format__(__printf__, format, first)))

#endif
