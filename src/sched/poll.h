/* Waiting for descriptors: each worker has an epoll instance, whose events wake its own goroutines.
 *
 * Why epoll: io_uring is often forbidden in containers, and a goroutine that waits has nothing to gain from it. Why
 * one for each worker: an event wakes the thread whose goroutine waits, and no other. Why each wait arms it anew
 * (EPOLLONESHOT): a program may close a descriptor, and open another of the same number, without our
 * knowing; whatever was kept would be about the old one. */
#ifndef LGI_SCHED_POLL_H
#define LGI_SCHED_POLL_H

#include <lifoguard/until.h>

/* Waits until a descriptor is ready for one of `events` (as poll's: POLLIN, POLLOUT, POLLPRI, POLLRDHUP), or has an error
 * or hung up. Sets *revents to what it is ready for; what can always be read and written, as a regular file, is
 * ready. On goroutines and threads. NULL; until's error; another error: the descriptor is not open, or out of memory. */
lg_error *lgi_wait_fd(int fd, short events, lg_until until, short *revents)
    __attribute__((__warn_unused_result__));

#endif
