/* What the compilers have to show of the macros: gcc is silent about a system header, which call.h is.
 *
 * LGI_PROBE: for a call that is never made, with values that convert to every integer, enumeration and pointer, but not to a double or a
 * struct: it finds a double parameter that is given an int. What is wrong stands in a name, which the compilers
 * print. */
#ifndef LIFOGUARD_IMPL_PROBE_H
#define LIFOGUARD_IMPL_PROBE_H

#include <lifoguard/impl/block.h>

/* Comes first in every form that declares something, so that it does not compile as the lone body of
 * an `if`, where it would run at once. The compilers print this line. */
#define LGI_NEEDS_BRACES                                                                           \
    _Static_assert(1, "not as the lone body of an if or a loop: write { } around it");

#if defined(__clang__)
#if __STDC_VERSION__ < 202000L
#define LGI_IN_C23(...)
struct only_pointers_and_integers_can_be_passed__copy_to_a_local_and_write_lg_defer_block;
#define LGI_PROBE                                                                                  \
    ((struct only_pointers_and_integers_can_be_passed__copy_to_a_local_and_write_lg_defer_block    \
          *)sizeof(int))
#else
#define LGI_IN_C23(...) __VA_ARGS__
/* clang says if this becomes a bool, and prints the lines of LGI_PROBED, comments and all. */
#define LGI_PROBE                                                                                  \
    "only_pointers_and_integers_can_be_passed__copy_to_a_local_and_write_lg_defer_block"
#endif
#define LGI_CHECKS(asserts, call, probe)                                                           \
    LGI_PUSH                                                                                       \
    LGI_QUIET("-Wstrict-prototypes")                                                               \
    LGI_QUIET("-Wpedantic")                                                                        \
    LGI_QUIET("-Wint-conversion")                                                                  \
    LGI_QUIET("-Wincompatible-pointer-types")                                                      \
    LGI_QUIET("-Wpointer-sign")                                                                    \
    LGI_QUIET("-Wunused-result")                                                                   \
    LGI_QUIET("-Wunused-value")                                                                    \
    LGI_QUIET("-Wshorten-64-to-32")                                                                \
    _Pragma("clang diagnostic error \"-Wimplicit-int-conversion\"")                                \
        _Pragma("clang diagnostic error \"-Wstring-conversion\"") asserts if (0)                   \
    {                                                                                              \
        LGI_IN_C23(call;) /* no narrow parameters: copy to a local and write lg_defer_block */     \
        probe;            /* no bool parameters: copy to a local and write lg_defer_block */       \
    }                                                                                              \
    LGI_POP
#else
/* gcc converts no pointer to an enumeration; but it says if a constant has no exact value as a double. */
#define LGI_ONLY_POINTERS_AND_INTEGERS_CAN_BE_PASSED__COPY_TO_A_LOCAL_AND_WRITE_lg_defer_block     \
    (__extension__((__int128)1 << 100 | 1))
#define LGI_PROBE                                                                                  \
    LGI_ONLY_POINTERS_AND_INTEGERS_CAN_BE_PASSED__COPY_TO_A_LOCAL_AND_WRITE_lg_defer_block
#define LGI_CHECKS(asserts, call, probe)                                                           \
    LGI_PUSH                                                                                       \
    LGI_QUIET("-Wstrict-prototypes")                                                               \
    LGI_QUIET("-Wpedantic")                                                                        \
    LGI_QUIET("-Wint-conversion")                                                                  \
    LGI_QUIET("-Wconversion")                                                                      \
    LGI_QUIET("-Wsign-conversion")                                                                 \
    LGI_QUIET("-Woverflow")                                                                        \
    _Pragma("GCC diagnostic error \"-Wfloat-conversion\"") asserts if (0)                          \
    {                                                                                              \
        probe;                                                                                     \
    }                                                                                              \
    LGI_POP
#endif

#endif
