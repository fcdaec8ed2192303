/* Functions of Linux that glibc before 2.35, or musl, does not have: called by their numbers there. */
#ifndef LGI_ERROR_LIBC_H
#define LGI_ERROR_LIBC_H

#include <stdio.h> /* RENAME_NOREPLACE */
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/uio.h> /* RWF_NOWAIT */
#include <time.h>
#include <unistd.h>

#ifdef __GLIBC__
#define LGI_GLIBC(major, minor) __GLIBC_PREREQ(major, minor)
#else
#define LGI_GLIBC(major, minor) 0
#endif

/* The calls' numbers are the same on all machines since Linux 5.1. */
#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif

static inline int lgi_epoll_wait_for(int epoll, struct epoll_event *events, int most,
                                     const struct timespec *limit)
{
#if LGI_GLIBC(2, 35)
    return epoll_pwait2(epoll, events, most, limit, NULL);
#else
    return (int)syscall(SYS_epoll_pwait2, epoll, events, most, limit, NULL, 0);
#endif
}

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
static inline int renameat2(int folder, const char *name, int new_folder, const char *new_name,
                            unsigned flags)
{
    return (int)syscall(SYS_renameat2, folder, name, new_folder, new_name, flags);
}
#endif

#ifndef RWF_NOWAIT
#define RWF_NOWAIT 8
/* At the file's own offset, -1: on every machine both halves of the argument are -1, too. */
static inline ssize_t lgi_preadv2(int fd, const struct iovec *parts, int count, long offset,
                                  int flags)
{
    return syscall(SYS_preadv2, fd, parts, count, offset, offset, flags);
}

static inline ssize_t lgi_pwritev2(int fd, const struct iovec *parts, int count, long offset,
                                   int flags)
{
    return syscall(SYS_pwritev2, fd, parts, count, offset, offset, flags);
}
#define preadv2 lgi_preadv2
#define pwritev2 lgi_pwritev2
#endif

#if defined(__GLIBC__) && !LGI_GLIBC(2, 30)
static inline pid_t gettid(void)
{
    return (pid_t)syscall(SYS_gettid);
}
#endif

#endif
