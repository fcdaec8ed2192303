/* Keeps errno: a function that begins with LGI_KEEP_ERRNO leaves errno as it was, however the function is left (G6). Every
 * function that may wait, allocate or make a system call, and does not report by errno, does so. Goroutines that take turns on
 * a thread do not see each other's errno: worker.c keeps it at each switch. */
#ifndef LGI_ERROR_KEEP_ERRNO_H
#define LGI_ERROR_KEEP_ERRNO_H

#include <errno.h>

/* clang takes malloc for a function that does not touch errno, and drops a plain assignment that puts back what was read
 * before. */
static inline void lgi_restore_errno(const int *errno_value)
{
    *(volatile int *)&errno = *errno_value;
}

#define LGI_KEEP_ERRNO                                                                             \
    const int lgi_errno_before __attribute__((cleanup(lgi_restore_errno), unused)) = errno

#endif
