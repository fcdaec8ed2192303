/* I/O that blocks only the calling goroutine: descriptors, child processes, name lookup. While a goroutine waits here,
 * other goroutines run on its thread. Descriptors are sockets, pipes, terminals and everything else that poll(2) supports.
 *
 *     lg_error *echo(int connection, lg_group *group)
 *     {
 *         char buffer[4096];
 *         for (size_t count;;) {
 *             const lg_until until = lg_until_within(lg_until_group(group), LG_MINUTE);    // or when the group is cancelled
 *             lg_error *err = lg_read(connection, buffer, sizeof(buffer), until, &count);
 *             if (err || count == 0)
 *                 return err;
 *             err = lg_write(connection, buffer, count, until, NULL);
 *             if (err)
 *                 return err;
 *         }
 *     }
 *
 * For every call here on a descriptor:
 *   - Goroutines and threads of the program may call the function. Any number of goroutines and threads may wait for the
 *     same descriptor at the same time, for reading and for writing. Waiting readers are woken one at a time, in order of
 *     arrival.
 *   - `until` limits the wait (until.h); an operation that is possible without a wait is done in any case. If the limit
 *     comes first, or the context or group of `until` is cancelled, the call returns the error that until.h describes, and
 *     has transferred only the bytes that *count states.
 *   - A failed system call gives an error with its errno value (lg_error_is_errno). EINTR, EAGAIN and EWOULDBLOCK are not
 *     failures.
 *   - errno is preserved. A wait is not a cancellation point of pthread_cancel, but a cancellation that is already pending
 *     may take effect where a call asks the system.
 *   - lg_exit ends a goroutine that waits here.
 *   - If the calls of a goroutine never have to wait, they let other goroutines run from time to time.
 *
 * Which descriptors: all, blocking or not; the functions never change the mode of a descriptor (except lg_connect, during
 * the call). A socket never blocks the thread. For other descriptors without O_NONBLOCK:
 *   - Regular files and block devices are read and written at once, and the thread waits for the disk. Use lg_blocking
 *     (go.h) if that matters.
 *   - Pipes are polled before the read or write. On Linux before 6.5, a read can still block the thread if another reader
 *     takes the data first, and a write can block the thread if another writer fills the pipe first: set O_NONBLOCK
 *     (lg_set_nonblocking) if several threads or processes use the same end of a pipe.
 *   - Terminals behave like pipes, on every version; a write to a terminal that is stopped (Ctrl-S) blocks the thread.
 *   - For a listener that several threads or processes accept from, see lg_accept.
 *
 * Closing: close a descriptor with lg_close (close.h). lg_close wakes every goroutine that waits for the descriptor here,
 * with lg_error_closed (close.h), as in Go; calls that have begun but do not wait yet return lg_error_closed too. A call
 * that begins after the close fails with EBADF, or, if a new descriptor has got the same number, acts on the new
 * descriptor. To prevent such calls, close a descriptor only when no goroutine will use the descriptor any more. A plain
 * close(2) wakes no goroutine: a goroutine that waits for the descriptor waits until its `until` comes.
 *
 * The library has descriptors of its own (two for each worker thread, close-on-exec, above 2), which the program must not
 * close: call closefrom(3) or close_range(2) before the first goroutine, or in a child before exec.
 *
 * SIGPIPE: writing to a socket never raises SIGPIPE; the error has the errno value EPIPE. Writing to a pipe without a reader
 * raises SIGPIPE on threads of the program, as write(2) does. In a goroutine, lg_write raises no SIGPIPE and returns an
 * error with EPIPE. (Other functions that write, such as printf, raise SIGPIPE in goroutines too.)
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

/* "end of file": no more data can be read. */
extern LG_API lg_error lg_error_end_of_file;

/* "unexpected end of file": the data ended before all bytes were read. */
extern LG_API lg_error lg_error_unexpected_end;

/* Waits until the descriptor is ready for one of `events` (POLLIN, POLLOUT, POLLPRI, POLLRDHUP of <poll.h>), has an error
 * (POLLERR) or was hung up (POLLHUP). Sets *revents to the events that are ready, to 0 on failure; `revents` may be NULL.
 * A descriptor that is not open gives an error. As with poll(2), the readiness may be gone when the descriptor is used. */
LG_API lg_error *lg_poll(int fd, short events, lg_until until, short *revents)
    __attribute__((__warn_unused_result__));

/* Reads the available data, at most `size` bytes; waits if no data is available. Sets *count to the number of bytes
 * read: 0 at the end of the file, for `size` 0, for a datagram without data, and on failure. */
LG_API lg_error *lg_read(int fd, void *buffer, size_t size, lg_until until, size_t *count)
    __attribute__((__warn_unused_result__));

/* Reads exactly `size` bytes. If the data ends first, returns lg_error_end_of_file when no byte was read, otherwise
 * lg_error_unexpected_end. Sets *count to the number of bytes read, also on failure; `count` may be NULL. */
LG_API lg_error *lg_read_full(int fd, void *buffer, size_t size, lg_until until, size_t *count)
    __attribute__((__warn_unused_result__));

/* Writes all `size` bytes. Sets *count to the number of bytes written, also on failure; `count` may be NULL. Data that
 * other goroutines, threads or processes write to the same file meanwhile may stand between parts of this data. A `size` of
 * 0 sends an empty datagram on a socket of datagrams. */
LG_API lg_error *lg_write(int fd, const void *data, size_t size, lg_until until, size_t *count)
    __attribute__((__warn_unused_result__));

/* Accepts a connection and sets *fd to its descriptor, non-blocking and close-on-exec; the caller owns the descriptor. Sets
 * *fd to -1 on failure. `address` and `length` are as for accept(2), and may be NULL. A connection that was aborted before
 * the accept is skipped. If no descriptor is left (EMFILE, ENFILE), the connection stays in the queue: wait a little before
 * the next call.
 *
 * A listener without O_NONBLOCK costs one more system call, and the thread may block if other threads or processes accept
 * from the listener too: call lg_set_nonblocking(listener) after listen(2). */
LG_API lg_error *lg_accept(int listener, struct sockaddr *address, socklen_t *length,
                           lg_until until, int *fd) __attribute__((__warn_unused_result__));

/* Connects a socket. A socket without O_NONBLOCK is non-blocking during the call. After a failed system call, close the
 * socket. After an error of `until`, the connection may still be established, and calling lg_connect again continues the
 * wait. If the queue of a listening Unix socket is full, lg_connect tries again from time to time. */
LG_API lg_error *lg_connect(int fd, const struct sockaddr *address, socklen_t length,
                            lg_until until) __attribute__((__warn_unused_result__));

/* Sets O_NONBLOCK on the open file description, which other descriptors and processes may share. */
LG_API lg_error *lg_set_nonblocking(int fd) __attribute__((__warn_unused_result__));

LG_END_DECLS

/* ---- child processes -------------------------------------------------------------------------------- */

LG_BEGIN_DECLS

/* Waits until the child process `pid` has ended, reaps the child, and sets *status for WIFEXITED and the other macros of
 * <sys/wait.h>; `status` may be NULL.
 *
 * If `until` comes first, returns the error that until.h describes; the child has not been reaped. Every other failure is
 * an error with an errno value. ECHILD: `pid` is not a child of this process, or the child was reaped elsewhere (by another
 * lg_wait_child, by waitpid(-1, …) anywhere in the program, or because SIGCHLD is set to SIG_IGN). EINVAL: `pid` is
 * not positive; process groups are not supported.
 *
 * Any goroutine or thread may wait, whichever started the child. Stopped and continued children are not reported. The
 * function uses a pidfd, or, where no pidfd can be had (Linux before 5.3, a container that refuses pidfds, no descriptor
 * left), one thread for each wait. */
LG_API lg_error *lg_wait_child(pid_t pid, lg_until until, int *status)
    __attribute__((__warn_unused_result__));

LG_END_DECLS

/* ---- name lookup ------------------------------------------------------------------------------------ */

LG_BEGIN_DECLS

struct addrinfo; /* <netdb.h> defines it only for programs that ask for POSIX */

/* Looks up a name like getaddrinfo(3). On success sets *result to a list, which the caller frees with freeaddrinfo; on
 * failure sets *result to NULL.
 *
 *     struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *addresses;
 *     err = lg_resolve("example.org", "https", &hints, lg_until_timeout(5 * LG_SECOND), &addresses);
 *
 * A helper thread (go.h) makes the lookup, except for numeric addresses. `host`, `service` and `hints` are copied. If
 * `until` comes first, lg_resolve returns while the lookup continues on the helper thread, and the library frees the result
 * of the lookup later. If the caller is a thread of the program and `until` has no limit, the calling thread makes the
 * lookup itself.
 *
 * Errors: the errors of `until` (until.h), and the errors of the lookup, whose code lg_resolve_code returns. */
LG_API lg_error *lg_resolve(const char *host, const char *service, const struct addrinfo *hints,
                            lg_until until, struct addrinfo **result)
    __attribute__((__warn_unused_result__));

/* The getaddrinfo code (EAI_NONAME, EAI_AGAIN, …) of the first lookup error in the tree of `error`; 0 if the tree has no
 * lookup error. */
LG_API int lg_resolve_code(const lg_error *error);

LG_END_DECLS

#endif
