/* The macros whose lines the compilers print in an error message. They are apart from call.h, because call.h is a system
 * header for gcc, and gcc prints no lines of a system header.
 *
 * lgi_probe is an argument for a call that is never made. It converts to every integer, enumeration and pointer, but not to
 * a double or a struct. So the compiler refuses the call if a parameter is a double and the user's argument is an int. The
 * advice for the user stands in a name, because the compilers print the name. */
#ifndef LIFOGUARD_IMPL_PROBE_H
#define LIFOGUARD_IMPL_PROBE_H

#include <stdint.h>

#include <lifoguard/error.h>
#include <lifoguard/impl/block.h>

// clang-format off: as in call.h

/* Begins every form that declares a variable, so that the form does not compile as the lone body of an `if`, where the
 * deferred call would run at once. The compilers print this line. */
#if defined(__clang__) /* Outside of a function, what follows would be a long list of errors: the second assertion ends the list. */
#define LGI_NEEDS_BRACES                                                                           \
    LGI_COUNTING LGI_QUIET("-Wpredefined-identifier-outside-function")                             \
    _Static_assert(!(sizeof(__func__) == 1), "in a function, and not as the lone body of an if or a loop: write { } around it"); \
    _Pragma("clang diagnostic fatal \"-Wpredefined-identifier-outside-function\"") _Static_assert(sizeof(__func__) > 0, "");
#else
#define LGI_NEEDS_BRACES                                                                           \
    _Static_assert(!(sizeof(__func__) == 1), "in a function, and not as the lone body of an if or a loop: write { } around it");
#endif

/* Stands before what a form gives and the user must use. gcc does not say that a result is ignored where a macro of a system header
 * calls the function, so this call stands here. */
#if defined(__clang__)
#define LGI_USED
#define LGI_SENT
#define LGI_LAST lgi_error_must_be_used /* for a form that ends with a variable, of which clang says nothing either */
#else
#define LGI_USED lgi_error_must_be_used
#define LGI_SENT lgi_must_be_used
#define LGI_LAST
#endif

__attribute__((__warn_unused_result__, __always_inline__)) static inline lg_error *
lgi_error_must_be_used(lg_error *error)
{
    return error;
}

__attribute__((__warn_unused_result__, __always_inline__)) static inline bool
lgi_must_be_used(bool outcome)
{
    return outcome;
}

/* A scope that lg_scope has declared. Of a mere variable gcc, and clang from version 21 on, say with -Wall that it has no value,
 * since the parameter is a pointer to const. (gcc says nothing where a macro of a system header names the function; clang only
 * where the variable itself is the argument, and it shows the macro's line.) */
struct lg_scope;
struct lg_cleanups;
__attribute__((__always_inline__)) static inline struct lg_scope *
lgi_declared(const struct lg_scope *scope)
{
    return (struct lg_scope *)(uintptr_t)scope;
}
#if defined(__clang__) && __clang_major__ >= 21
__attribute__((__always_inline__)) static inline struct lg_cleanups *
lgi_declared_cleanups(const struct lg_cleanups *cleanups)
{
    return (struct lg_cleanups *)(uintptr_t)cleanups;
}
__attribute__((__overloadable__)) void lgi_no_owner(...); /* (so that C17 has a function like this) */
#define LGI_DECLARED
#define LGI_OWNER_OF(owner) _Generic((owner), struct lg_scope *: lgi_declared, struct lg_cleanups *: lgi_declared_cleanups, default: lgi_no_owner)(owner) /* declare a scope by lg_scope(name), cleanups as zero */
#else
#define LGI_DECLARED lgi_declared
#define LGI_OWNER_OF(owner) owner
#endif

/* The return of lg_func_void. gcc does not mention that the function should return a value, but it refuses to return a void one. */
#if defined(__clang__)
#define LGI_RETURN_NOTHING return
#else
#define LGI_RETURN_NOTHING return (void)0 /* lg_func_void is for a function that returns void: write lg_func (type, name) */
#endif

/* Replaces a function that an earlier check has refused, so that the later checks report no second error. No other
 * function has this type. */
struct lgi_nothing;
#if __STDC_VERSION__ < 202000L || (!defined(__clang__) && __GNUC__ < 13) /* as LGI_UNPROMOTED */
LGI_PUSH
LGI_QUIET("-Wstrict-prototypes")
typedef struct lgi_nothing *lgi_any_function();
typedef void lgi_refused_function();
LGI_POP
#else
typedef struct lgi_nothing *lgi_any_function(...);
typedef void lgi_refused_function(...);
#endif
#define lgi_any (*(lgi_any_function *)0)
#define lgi_refused (*(lgi_refused_function *)0) /* the same, where the later checks say nothing at all */

#if defined(__clang__)
#if __STDC_VERSION__ < 202000L
#define LGI_IN_C23(...)
extern struct only_pointers_and_integers_can_be_passed__copy_to_a_local_and_write_lg_defer_block
    *lgi_probe;
#else
#define LGI_IN_C23(...) __VA_ARGS__ /* no narrow parameters: copy to a local and write lg_defer_block */
/* clang says if this becomes a bool, and prints the line. */
#define lgi_probe "only_pointers_and_integers_can_be_passed__copy_to_a_local_and_write_lg_defer_block" /* no bool parameters: copy to a local and write lg_defer_block */
#endif
/* (What stands for a function has no prototype. clang 14 knows no such warning.) */
#if __clang_major__ >= 15
#define LGI_CHECKS_PUSH LGI_PUSH LGI_QUIET("-Wdeprecated-non-prototype")
#else
#define LGI_CHECKS_PUSH LGI_PUSH
#endif
#define LGI_CHECKS_BEGIN                                                                           \
    LGI_QUIET("-Wstrict-prototypes")                                                               \
    LGI_QUIET("-Wpedantic")                                                                        \
    LGI_QUIET("-Wint-conversion")                                                                  \
    LGI_QUIET("-Wincompatible-pointer-types")                                                      \
    LGI_QUIET("-Wpointer-sign")                                                                    \
    LGI_QUIET("-Wunused-result")                                                                   \
    LGI_QUIET("-Wunused-value")                                                                    \
    LGI_QUIET("-Wshorten-64-to-32")                                                                \
    LGI_QUIET("-Wsign-conversion") /* C23: of an enumerator */                                     \
    _Pragma("clang diagnostic error \"-Wimplicit-int-conversion\"")                                \
    _Pragma("clang diagnostic error \"-Wstring-conversion\"")
#else
/* gcc converts no pointer to an enumeration; but it says if a constant has no exact value as a double. */
#define LGI_IN_C23(...)
#define lgi_probe LGI_ONLY_POINTERS_AND_INTEGERS_CAN_BE_PASSED__COPY_TO_A_LOCAL_AND_WRITE_lg_defer_block
#define LGI_ONLY_POINTERS_AND_INTEGERS_CAN_BE_PASSED__COPY_TO_A_LOCAL_AND_WRITE_lg_defer_block     \
    (__extension__((__int128)1 << 100 | 1))
#define LGI_CHECKS_PUSH LGI_PUSH
#define LGI_CHECKS_BEGIN                                                                           \
    LGI_QUIET("-Wstrict-prototypes")                                                               \
    LGI_QUIET("-Wpedantic")                                                                        \
    LGI_QUIET("-Wint-conversion")                                                                  \
    LGI_QUIET("-Wconversion")                                                                      \
    LGI_QUIET("-Woverflow")                                                                        \
    LGI_QUIET("-Wrestrict") /* both arguments are the probe */                                     \
    _Pragma("GCC diagnostic error \"-Wfloat-conversion\"")
#endif

#endif
