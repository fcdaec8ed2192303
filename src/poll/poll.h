/* Waiting for descriptors: each worker has an epoll instance, whose events wake its own goroutines; threads of the
 * program's own wait in poll(2).
 *
 * Why epoll: io_uring is often forbidden in containers, and a goroutine that waits has nothing to gain from it. Why
 * one for each worker: an event wakes the thread whose goroutine waits, and no other. Why each wait arms it anew
 * (EPOLLONESHOT): a program may close a descriptor, and open another of the same number, without our
 * knowing; whatever was kept would be about the old one.
 *
 * Streams: a TCP socket that lg_accept or lg_connect has made stays armed (EPOLLET), and the worker remembers whether there
 * may be something to read. So a read waits at once if there is nothing, without trying and without arming: two
 * system calls for a message that is read and answered, and not four. Only the goroutine that armed it relies on that; should it
 * have closed the descriptor without our knowing, and have made another of the same number by itself, it is late by a
 * tenth of a second or two, once: all who wait for longer than that arm it after all.
 *
 * What an event says may be of an older descriptor of the same number, closed by close(2) while its open file lives
 * on in a child or a duplicate: the kernel goes on telling of that. So an event only ends a wait; before a call that
 * could block, poll(2) is asked.
 *
 * Who waits for a descriptor is known to all, so that lg_close can wake them. Each descriptor has a generation, a
 * number that lg_close changes: a call that began before does not go on to wait for what has the number now. */
#ifndef LGI_POLL_POLL_H
#define LGI_POLL_POLL_H

#include <lifoguard/until.h>
#include <poll.h>

struct lgi_worker;

/* Waits until a descriptor is ready for one of `events` (as poll's: POLLIN, POLLOUT, POLLPRI, POLLRDHUP), or has an error
 * or hung up. Sets *revents to what it is ready for; what can always be read and written, as a regular file, is
 * ready. Now and then it is not ready after all, as with poll(2). Of several who wait for the same, one is woken.
 * On goroutines and threads. NULL; until's error; lg_error_closed; another error: the descriptor is not open. */
lg_error *lgi_wait_fd(int fd, short events, lg_until until, short *revents)
    __attribute__((__warn_unused_result__));

/* The same, for a call that began when the generation was this one: if it no longer is, lg_error_closed. */
lg_error *lgi_wait_fd_of(int fd, uint32_t generation, short events, lg_until until, short *revents)
    __attribute__((__warn_unused_result__));
uint32_t lgi_fd_generation(int fd);

/* Looks at the descriptors of a worker's goroutines, waiting until `until` at the most (0: not at all, LG_TIME_MAX: without
 * end), and makes ready who waited for one. */
void lgi_poll(struct lgi_worker *worker, lg_time until);
void lgi_poll_wake(struct lgi_worker *worker);
/* As poll(2), until a time on lg_now's clock. It can return 0 before, if that is weeks from now. */
int lgi_poll_fds(struct pollfd *fds, nfds_t count, lg_time until);

/* A thread that waits for a descriptor looks whether it should stop. It must not end meanwhile. */
void lgi_poll_recheck(struct lgi_g *g);

/* ---- streams ---- */

/* It is a TCP socket, that has just been made: from now on, until lg_close, what follows holds. */
void lgi_fd_is_stream(int fd);

/* It is not, whatever was said before. */
void lgi_fd_is_no_stream(int fd);

/* False: on the calling goroutine's worker, it is known that there is nothing to read. */
bool lgi_fd_may_be_read(int fd);

/* It has been read, and there was less than asked for; or it was empty, and there was nothing. */
void lgi_fd_was_drained(int fd, bool empty);

#endif
