/* Waiting for descriptors. Each worker has an epoll instance, whose events wake the worker's own goroutines; threads of the
 * program wait in poll(2).
 *
 * Why epoll: io_uring is often forbidden in containers, and a goroutine that waits has nothing to gain from it. Why one
 * instance for each worker: an event wakes the thread whose goroutine waits, and no other. Why each wait arms the
 * descriptor again (EPOLLONESHOT): a program may close a descriptor, and open another of the same number, unknown to the
 * library; anything kept would be about the old one.
 *
 * Streams: a TCP socket made by lg_accept or lg_connect stays armed (EPOLLET), and the worker remembers whether there may
 * be something to read. So a read from an empty socket waits at once, without trying and without arming: two system calls
 * for a message that is read and answered, instead of four. Only the goroutine that armed the socket relies on this. If that
 * goroutine closes the descriptor by close(2), and gets another of the same number, its next wait may be late by a tenth of
 * a second or two, once: a wait that takes longer arms the descriptor after all.
 *
 * An event may be about an older descriptor of the same number, which was closed by close(2) while its open file lives on
 * in a child or a duplicate: the kernel goes on reporting it. So an event only ends a wait, and poll(2) is asked before a
 * call that could block.
 *
 * All waits for a descriptor are listed where every thread finds them, so that lg_close can end them. Each descriptor has a
 * generation, a number that lg_close changes: a call that began before does not wait for a new descriptor of the number. */
#ifndef LGI_POLL_POLL_H
#define LGI_POLL_POLL_H

#include <lifoguard/until.h>
#include <poll.h>

struct lgi_worker;

/* Waits until a descriptor is ready for one of `events` (POLLIN, POLLOUT, POLLPRI, POLLRDHUP), or has an error, or hung up.
 * Sets *revents to the events that have come. A file that can always be read and written, as a regular file, is ready at
 * once. As with poll(2), the descriptor may turn out not to be ready after all. Of several waits for the same event, one is
 * ended. For goroutines and threads. Returns NULL; until's error; lg_error_closed; or another error if the descriptor is
 * not open. */
lg_error *lgi_wait_fd(int fd, short events, lg_until until, short *revents)
    __attribute__((__warn_unused_result__));

/* The same, for a call that began when the generation was this one: if it no longer is, lg_error_closed. */
lg_error *lgi_wait_fd_of(int fd, uint32_t generation, short events, lg_until until, short *revents)
    __attribute__((__warn_unused_result__));
uint32_t lgi_fd_generation(int fd);

/* The functions of struct lgi_sched_hooks (sched/hooks.h). */
void lgi_poll(struct lgi_worker *worker, lg_time until);
void lgi_poll_wake(struct lgi_worker *worker);
/* As poll(2), until a time on lg_now's clock. It can return 0 before, if that is weeks from now. */
int lgi_poll_fds(struct pollfd *fds, nfds_t count, lg_time until);

/* Makes a thread that waits for a descriptor check for lg_exit. The thread must not end meanwhile. */
void lgi_poll_recheck(struct lgi_g *g);

/* ---- streams ---- */

/* The descriptor is a TCP socket that has just been made: the functions below hold for it until lg_close. */
void lgi_fd_is_stream(int fd);

/* The descriptor is no longer treated as a stream. */
void lgi_fd_is_no_stream(int fd);

/* False: the calling goroutine's worker knows that there is nothing to read. */
bool lgi_fd_may_be_read(int fd);

/* A read returned less than it asked for; or, if `empty`, nothing. */
void lgi_fd_was_drained(int fd, bool empty);

#endif
