/* Descriptors that the library opens for itself. A program can be started with descriptor 0, 1 or 2 closed; then these
 * numbers would be the library's, and what the program prints would be a message to it. So none of the
 * library's own descriptors has them. */
#ifndef LGI_CLOSE_OWN_FD_H
#define LGI_CLOSE_OWN_FD_H

#ifndef _GNU_SOURCE
#error "own_fd.h needs _GNU_SOURCE"
#endif
#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "error/keep_errno.h"
#include "error/refused.h"

/* The descriptor, moved above 2 if need be. -1 stays -1; -1 and errno: no other number is to be had, and it is closed. It is
 * closed by exec if it was moved, and should be so anyway. */
static inline int lgi_own_fd(int fd)
{
    if (fd < 0 || fd > STDERR_FILENO)
        return fd;
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    LGI_KEEP_ERRNO;
    close(fd);
    return moved;
}

/* (The C library's pipe may be pipe2.) */
static inline int lgi_old_pipe(int ends[2], int flags)
{
#if defined(SYS_pipe)
    if (syscall(SYS_pipe, ends) == 0) {
        for (int i = 0; i < 2; i++) {
            fcntl(ends[i], F_SETFD, FD_CLOEXEC);
            fcntl(ends[i], F_SETFL, fcntl(ends[i], F_GETFL) | flags);
        }
        return 0;
    }
#else
    (void)ends;
    (void)flags;
#endif
    return -1;
}

/* As pipe2, with O_CLOEXEC and `flags`: O_NONBLOCK or 0. */
static inline int lgi_own_pipe(int ends[2], int flags)
{
    if (pipe2(ends, O_CLOEXEC | flags) != 0 &&
        (!lgi_is_refused(errno) || lgi_old_pipe(ends, flags) != 0))
        return -1;
    for (int i = 0; i < 2; i++) {
        ends[i] = lgi_own_fd(ends[i]);
        if (ends[i] < 0) {
            LGI_KEEP_ERRNO;
            close(ends[1 - i]);
            return -1;
        }
    }
    return 0;
}

/* What one thread writes eight bytes to, to make it readable for another: an eventfd, which is both ends; or, where none is
 * allowed, a pipe. */
static inline int lgi_own_event(int ends[2])
{
    ends[0] = ends[1] = lgi_own_fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (ends[0] >= 0 || (lgi_is_refused(errno) && lgi_own_pipe(ends, O_NONBLOCK) == 0))
        return 0;
    ends[0] = ends[1] = -1;
    return -1;
}

static inline void lgi_close_event(const int ends[2])
{
    close(ends[0]);
    if (ends[1] != ends[0])
        close(ends[1]);
}

#endif
