/* Orders of memory accesses for ThreadSanitizer, for a program that is built with it and a library that is not.
 *
 * All that a thread does before its release of an address comes before all that another thread does after its acquire of the same
 * address. The inline functions of the public headers are compiled into the program, so ThreadSanitizer sees their atomic
 * operations. Where an inline function works together with a function of the library, the address is that of the atomic
 * variable. Without ThreadSanitizer, a call here reads one word. */
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

/* The address for a descriptor that is only polled. (A read and a write of one descriptor ThreadSanitizer sees.) */
enum { LGI_POLLED_FDS = 256 };
extern char lgi_polled_fds[LGI_POLLED_FDS];

static inline const void *lgi_polled_fd(int fd)
{
    return &lgi_polled_fds[(unsigned)fd % LGI_POLLED_FDS];
}

#endif
