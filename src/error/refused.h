/* System calls that may be missing. A kernel that is too old says ENOSYS, or EINVAL where only a flag is newer; a seccomp
 * filter says what its author thought of: container runtimes say EPERM or EACCES. Whatever it is, the older way is taken. */
#ifndef LGI_ERROR_REFUSED_H
#define LGI_ERROR_REFUSED_H

#include <errno.h>
#include <stdbool.h>

/* Does this errno value of a newer system call mean that the older one should be tried? */
static inline bool lgi_is_refused(int error)
{
    return error == ENOSYS || error == EPERM || error == EACCES || error == EINVAL ||
           error == EOPNOTSUPP;
}

#endif
