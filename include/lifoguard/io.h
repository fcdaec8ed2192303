/* Waiting for descriptors: sockets, pipes, terminals and whatever poll(2) can wait for. Only the calling goroutine waits;
 * others go on on its thread.
 *
 *     lg_error *echo(int connection)
 *     {
 *         char buffer[4096];
 *         for (size_t count;;) {
 *             lg_error *err = lg_read(connection, buffer, sizeof(buffer), lg_until_timeout(LG_MINUTE), &count);
 *             if (err || count == 0)
 *                 return err;
 *             err = lg_write(connection, buffer, count, lg_until_timeout(LG_MINUTE), NULL);
 *             if (err)
 *                 return err;
 *         }
 *     }
 *
 * For every call here:
 *   - It may be called by goroutines and by threads of the program; any number may wait for one descriptor at once,
 *     reading and writing. Of several who wait to read, one is woken at a time, in the order in which they came.
 *   - `until` is how long it may wait (until.h); what can be done at once is done in any case. If the time comes
 *     first, or what was given is cancelled: its error. Nothing has been read or written then, but for what
 *     the counts say.
 *   - A failure of a system call is an error with its errno value (lg_error_is_errno). EINTR, EAGAIN and EWOULDBLOCK are
 *     not failures.
 *   - errno is left as it was. It is no cancellation point while it waits (pthread_cancel).
 *   - lg_exit ends a goroutine that waits here.
 *   - On goroutines, one that can always be done at once lets others run now and then.
 *
 * Which descriptors: any. None needs to be non-blocking, and none is made so. Sockets never block the thread. Of the
 * others, without O_NONBLOCK:
 *   - regular files and block devices are read and written at once, and the thread waits for the disk. If that
 *     matters: lg_blocking (blocking.h).
 *   - pipes are waited for first. On Linux before 6.5, a read of a pipe can then block the thread, if another reader
 *     comes first, and a write, if another writer does: set O_NONBLOCK (lg_set_nonblocking) if several use one end.
 *   - terminals likewise, whatever the version; writing to one that is stopped (Ctrl-S) blocks.
 *   - accept on a listener that several accept from: see lg_accept.
 *
 * Closing: close a descriptor with lg_close (close.h), and everyone who waits for it here is woken, with
 * lg_error_closed (close.h), as in Go; so are calls that have begun and come to wait after it. Who calls
 * something for the number later gets EBADF or, as ever with close, whatever has that number then: that is for the
 * program to prevent, by closing when nobody will use it any more. After a plain close(2), who waits goes on waiting, on a
 * goroutine until its `until` comes: nothing tells of such a close.
 *
 * SIGPIPE: writing to a socket never raises it; the error's errno value is EPIPE. Writing to a pipe without a reader
 * does, on threads of the program, as ever; in a goroutine it does not, and EPIPE remains. (Other functions that write, as
 * printf, raise it in goroutines too.)
 */
#ifndef LIFOGUARD_IO_H
#define LIFOGUARD_IO_H

#include <stddef.h>
#include <sys/socket.h>

#include <lifoguard/error.h>
#include <lifoguard/until.h>
#include <netdb.h>
#include <sys/types.h>

LG_BEGIN_DECLS

/* "end of file": there was nothing to read any more. */
extern LG_API lg_error lg_error_end_of_file;

/* "unexpected end of file": less than wanted. */
extern LG_API lg_error lg_error_unexpected_end;

/* Waits until the descriptor is ready for one of `events` (POLLIN, POLLOUT, POLLPRI, POLLRDHUP of <poll.h>), or has an
 * error or was hung up (POLLERR, POLLHUP). Sets *revents, if it is not NULL, to what it is ready for, 0 on failure. A
 * descriptor that is not open is an error. As with poll(2), what was ready may no longer be when it is used. */
LG_API lg_error *lg_poll(int fd, short events, lg_until until, short *revents)
    __attribute__((__warn_unused_result__));

/* Reads what there is, `size` bytes at the most, after waiting for it if there is nothing. *count is how many it were: 0
 * at the end, or if `size` is 0 (or for a datagram without data), and on failure. */
LG_API lg_error *lg_read(int fd, void *buffer, size_t size, lg_until until, size_t *count)
    __attribute__((__warn_unused_result__));

/* Reads all of `size` bytes. If the end comes first: lg_error_end_of_file where nothing was read, else lg_error_unexpected_end. *count,
 * if `count` is not NULL, is how many were read, on failure too. */
LG_API lg_error *lg_read_full(int fd, void *buffer, size_t size, lg_until until, size_t *count)
    __attribute__((__warn_unused_result__));

/* Writes all of it. *count, if `count` is not NULL, is how many bytes were written, on failure too. What others
 * write to the same descriptor meanwhile may come in between. */
LG_API lg_error *lg_write(int fd, const void *data, size_t size, lg_until until, size_t *count)
    __attribute__((__warn_unused_result__));

/* Takes a connection. *fd is then non-blocking and closed by exec; -1 on failure. `address` and `length` as for
 * accept(2), or NULL. A connection that was broken off before it was taken is passed over. If there are no descriptors
 * left (EMFILE, ENFILE), the connection remains to be taken: wait a little before the next try.
 *
 * A listener without O_NONBLOCK costs a system call more, and if others take connections from it too, in other
 * processes too, the thread may block: lg_set_nonblocking(listener) after listen(2). */
LG_API lg_error *lg_accept(int listener, struct sockaddr *address, socklen_t *length,
                           lg_until until, int *fd) __attribute__((__warn_unused_result__));

/* Connects a socket. One without O_NONBLOCK has it while this is under way. After a failure, close the socket; but after one
 * of `until`, the connection may still come about, and calling this again waits on. To a Unix socket whose
 * queue is full, it is tried again every now and then. */
LG_API lg_error *lg_connect(int fd, const struct sockaddr *address, socklen_t length,
                            lg_until until) __attribute__((__warn_unused_result__));

/* Sets O_NONBLOCK, for all who share the open file (other processes too). */
LG_API lg_error *lg_set_nonblocking(int fd) __attribute__((__warn_unused_result__));

LG_END_DECLS

/* Waiting for child processes. Only the calling goroutine waits; others go on on its thread. */

LG_BEGIN_DECLS

/* Waits until the child process `pid` has ended, takes it off the process table, and sets *status, if `status` is not
 * NULL, for WIFEXITED and the like of <sys/wait.h>.
 *
 * If `until` comes first: its error, and the child is still there to be waited for, ended or not. Any other failure is
 * an error with an errno value: ECHILD if there is no such child, because it is another's, or something else has
 * waited for it already (another call of this; waitpid(-1, …) anywhere in the program; SIGCHLD set to SIG_IGN);
 * EINVAL if `pid` is not positive: groups cannot be waited for.
 *
 * Any goroutine or thread may call it, whichever made the child. Stops and continuations are not reported. It uses
 * a pidfd; where there are none (Linux before 5.3, a container that refuses them, or no descriptor is left), a thread for
 * each wait. */
LG_API lg_error *lg_wait_child(pid_t pid, lg_until until, int *status)
    __attribute__((__warn_unused_result__));

LG_END_DECLS

/* Looking up names without blocking a worker. */

LG_BEGIN_DECLS

struct addrinfo; /* netdb.h shows it only to programs that ask for POSIX */

/* As getaddrinfo(3): on success *result is a list, which the caller frees with freeaddrinfo; NULL on failure.
 *
 *     struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *addresses;
 *     err = lg_resolve("example.org", "https", &hints, lg_until_timeout(5 * LG_SECOND), &addresses);
 *
 * The lookup is made on a helper thread (blocking.h), except for addresses in numbers. `host`, `service` and `hints` are
 * copied. If `until` comes first, the lookup is left behind: nobody waits for it, and what it finds is freed; its helper is
 * free again when it ends. On a thread of the program, without an end to the wait, the thread itself looks up.
 *
 * Errors: until's; and of the lookup, for which lg_resolve_code says which. */
LG_API lg_error *lg_resolve(const char *host, const char *service, const struct addrinfo *hints,
                            lg_until until, struct addrinfo **result)
    __attribute__((__warn_unused_result__));

/* EAI_NONAME, EAI_AGAIN …, if the error, or one in its tree, is of a lookup; else 0. */
LG_API int lg_resolve_code(const lg_error *error);

LG_END_DECLS

#endif
