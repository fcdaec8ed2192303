/* Making connections. */
#define _GNU_SOURCE
#include <lifoguard/io.h>

#include <fcntl.h>
#include <lifoguard/go.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>

#include "error/keep_errno.h"
#include "error/refused.h"
#include "io/fairness.h"
#include "poll/poll.h"

/* False, and errno: the system does not tell. */
static bool get_option(int fd, int option, int *value)
{
    socklen_t size = sizeof(*value);
    return getsockopt(fd, SOL_SOCKET, option, value, &size) == 0;
}

/* If it is TCP. */
static void note_stream(int fd)
{
    int protocol;
    if (get_option(fd, SO_PROTOCOL, &protocol) && protocol == IPPROTO_TCP)
        lgi_fd_is_stream(fd);
}

/* ---- accept ---- */

/* Errors of the connection, which is gone; not of the listener. */
static bool of_the_connection(int error)
{
    switch (error) {
    case ECONNABORTED:
    case EPROTO:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EINTR: return true;
    default: return false;
    }
}

static bool may_block(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags < 0 || !(flags & O_NONBLOCK);
}

/* The connection is non-blocking and closed by exec. */
static int try_accept(int listener, struct sockaddr *address, socklen_t *length)
{
    int fd = accept4(listener, address, length, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0 || !lgi_is_refused(errno))
        return fd;
    fd = accept(listener, address, length);
    if (fd >= 0) {
        fcntl(fd, F_SETFD, FD_CLOEXEC);
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    }
    return fd;
}

/* What the call will not wait for: poll(2) is silent about a socket that does not listen. 0, or an errno value. Only of these
 * families is SO_ACCEPTCONN believed: a Bluetooth socket that listens has it not set. */
static int not_listening(int fd)
{
    int listens, family, type;
    if (!get_option(fd, SO_ACCEPTCONN, &listens))
        return errno == ENOTSOCK ? ENOTSOCK : 0;
    if (listens || !get_option(fd, SO_DOMAIN, &family) || !get_option(fd, SO_TYPE, &type) ||
        (family != AF_INET && family != AF_INET6 && family != AF_UNIX))
        return 0;
    return type == SOCK_STREAM || type == SOCK_SEQPACKET ? EINVAL : EOPNOTSUPP;
}

lg_error *lg_accept(int listener, struct sockaddr *address, socklen_t *length, lg_until until,
                    int *fd)
{
    LGI_KEEP_ERRNO;
    const socklen_t size = length ? *length : 0;
    const uint32_t generation = lgi_fd_generation(listener);
    const bool blocking = may_block(listener);
    short revents;

    *fd = -1;
    for (;;) {
        struct pollfd one = {.fd = listener, .events = POLLIN};
        if (!blocking || poll(&one, 1, 0) > 0) {
            if (length)
                *length = size;
            *fd = try_accept(listener, address, length);
        } else {
            errno = not_listening(listener);
            if (errno == 0)
                errno = EAGAIN;
        }
        if (*fd >= 0) {
            note_stream(*fd);
            lgi_io_done_at_once();
            return NULL;
        }
        if (of_the_connection(errno))
            continue;
        if (errno != EAGAIN)
            return lg_error_new_errno("accept from descriptor %d", listener);
        lgi_io_waited();
        lg_error *error = lgi_wait_fd_of(listener, generation, POLLIN, until, &revents);
        if (error)
            return error;
    }
}

/* ---- connect ---- */

struct blocking {
    int fd;
    int flags; /* -1: it was non-blocking */
};

static struct blocking make_nonblocking(int fd)
{
    struct blocking before = {fd, fcntl(fd, F_GETFL)};
    if (before.flags >= 0 &&
        (before.flags & O_NONBLOCK || fcntl(fd, F_SETFL, before.flags | O_NONBLOCK) < 0))
        before.flags = -1;
    return before;
}

static void restore(const struct blocking *before)
{
    if (before->flags >= 0)
        fcntl(before->fd, F_SETFL, before->flags);
}

static lg_error *failed(int fd, int error)
{
    return lg_error_new_code(error, "connect descriptor %d", fd);
}

/* What a wait was told may have been of an older descriptor of this number. */
static bool has_hung_up(int fd)
{
    struct pollfd one = {.fd = fd, .events = POLLOUT};
    return poll(&one, 1, 0) > 0 && (one.revents & POLLHUP);
}

/* What became of the connection: 0, EINPROGRESS or why it failed. A second connect tells that too, but it would begin anew if
 * another thread has been told of the failure: so it is asked only where a filter refuses the others. */
static int outcome_of(int fd, const struct sockaddr *address, socklen_t length, short revents)
{
    int outcome = 0;
    socklen_t size = sizeof(outcome);
    struct sockaddr_storage peer;
    bool told = getsockopt(fd, SOL_SOCKET, SO_ERROR, &outcome, &size) == 0;
    if (told && outcome != 0)
        return outcome;
    /* One can be woken for nothing: is it really connected? */
    size = sizeof(peer);
    if (told && getpeername(fd, (struct sockaddr *)&peer, &size) == 0)
        return 0;
    if (lgi_is_refused(errno) && (connect(fd, address, length) == 0 || errno == EISCONN))
        return 0;
    if (errno == EALREADY || errno == EINTR)
        return EINPROGRESS;
    /* (If it has hung up, and the reason is not there, somebody else has asked.) */
    return errno == ENOTCONN && !((revents & POLLHUP) && has_hung_up(fd)) ? EINPROGRESS : errno;
}

/* It is on its way. */
static lg_error *finish(int fd, uint32_t generation, const struct sockaddr *address,
                        socklen_t length, lg_until until)
{
    for (;;) {
        short revents;
        lg_error *error = lgi_wait_fd_of(fd, generation, POLLOUT, until, &revents);
        if (error)
            return error;
        int outcome = outcome_of(fd, address, length, revents);
        if (outcome == 0) {
            note_stream(fd);
            return NULL;
        }
        if (outcome != EINPROGRESS)
            return failed(fd, outcome);
    }
}

lg_error *lg_connect(int fd, const struct sockaddr *address, socklen_t length, lg_until until)
{
    enum { LEAST_MS = 1, MOST_MS = 20 };
    LGI_KEEP_ERRNO;
    const uint32_t generation = lgi_fd_generation(fd);
    struct blocking before __attribute__((cleanup(restore), unused)) = make_nonblocking(fd);

    for (lg_duration pause = LEAST_MS * LG_MILLISECOND;;) {
        if (connect(fd, address, length) == 0) {
            note_stream(fd);
            return NULL;
        }
        /* Interrupted, it goes on all the same. */
        if (errno == EINPROGRESS || errno == EALREADY || errno == EINTR)
            return finish(fd, generation, address, length, until);
        if (errno != EAGAIN || address->sa_family != AF_UNIX)
            return failed(fd, errno);
        /* The listener's queue is full, and nothing tells when it no longer is. */
        lg_error *error = lg_sleep_until(pause, until);
        if (error)
            return error;
        if (pause < MOST_MS * LG_MILLISECOND)
            pause *= 2;
    }
}
