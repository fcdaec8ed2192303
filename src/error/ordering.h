/* What ThreadSanitizer has to be told when a program that is built with it uses a library that is not: that what was done
 * before a release, by one, comes before what is done after an acquire of the same address, by another. The inline
 * functions of the public headers are part of such a program, so their atomic operations are seen; where those and functions of
 * the library work together, the address is that of the atomic variable. Without ThreadSanitizer this costs a look at one
 * word. */
#ifndef LGI_ERROR_ORDERING_H
#define LGI_ERROR_ORDERING_H

#include <stdbool.h>

extern void __tsan_acquire(void *address) __attribute__((weak));
extern void __tsan_release(void *address) __attribute__((weak));

/* System calls of the older kind are known to ThreadSanitizer: what they hand over it learns by itself. */
static inline bool lgi_is_watched_by_tsan(void)
{
    return __builtin_expect(__tsan_acquire != 0, 0);
}

static inline void lgi_acquired(const volatile void *address)
{
    if (__builtin_expect(__tsan_acquire != 0, 0))
        __tsan_acquire((void *)(__UINTPTR_TYPE__)address);
}

static inline void lgi_releases(const volatile void *address)
{
    if (__builtin_expect(__tsan_release != 0, 0))
        __tsan_release((void *)(__UINTPTR_TYPE__)address);
}

#endif
