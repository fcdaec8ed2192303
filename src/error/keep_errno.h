/* errno is left as it was, however a function is left (G6): so in every function that may wait or make a system call, and does
 * not report by errno. Goroutines that take turns on a thread do not see each other's: worker.c keeps it at each switch. */
#ifndef LGI_ERROR_KEEP_ERRNO_H
#define LGI_ERROR_KEEP_ERRNO_H

#include <errno.h>

static inline void lgi_restore_errno(const int *errno_value)
{
    errno = *errno_value;
}

#define LGI_KEEP_ERRNO                                                                             \
    const int lgi_errno_before __attribute__((cleanup(lgi_restore_errno), unused)) = errno

#endif
