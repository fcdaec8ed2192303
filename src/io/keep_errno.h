/* errno is left as it was, however a function is left. */
#ifndef LGI_IO_KEEP_ERRNO_H
#define LGI_IO_KEEP_ERRNO_H

#include <errno.h>

static inline void lgi_restore_errno(const int *errno_value)
{
    errno = *errno_value;
}

#define LGI_KEEP_ERRNO                                                                             \
    const int lgi_errno_before __attribute__((cleanup(lgi_restore_errno), unused)) = errno

#endif
