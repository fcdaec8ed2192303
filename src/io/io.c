/* Reading and writing. Everything is tried first, and waited for only if it cannot be done at once. */
#define _GNU_SOURCE
#include <lifoguard/io.h>

#include <fcntl.h>
#include <lifoguard/file.h>
#include <lifoguard/go.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "error/keep_errno.h"
#include "error/libc.h"
#include "error/ordering.h"
#include "error/refused.h"
#include "io/fairness.h"
#include "poll/poll.h"
#include "sched/goroutine.h"

LG_ERROR_DEFINE(lg_error_end_of_file, "end of file");
LG_ERROR_DEFINE(lg_error_unexpected_end, "unexpected end of file");

lg_error *lg_set_nonblocking(int fd)
{
    LGI_KEEP_ERRNO;
    int flags = fcntl(fd, F_GETFL);
    if (flags >= 0 && (flags & O_NONBLOCK || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0))
        return NULL;
    return lg_error_new_errno("O_NONBLOCK for descriptor %d", fd);
}

lg_error *lg_poll(int fd, short events, lg_until until, short *revents)
{
    LGI_KEEP_ERRNO;
    struct pollfd one = {.fd = fd, .events = events};
    lg_error *error = NULL;

    if (revents)
        *revents = 0;
    uint32_t generation = lgi_fd_generation(fd);
    if (fd < 0 || poll(&one, 1, 0) < 0)
        one.revents = 0;
    while (!error && one.revents == 0) {
        error = lgi_wait_fd_of(fd, generation, events, until, &one.revents);
        /* It may have been told of an older descriptor of this number. */
        if (!error && poll(&one, 1, 0) < 0)
            one.revents = 0;
    }
    if (error)
        return error;
    if (one.revents & POLLNVAL)
        return lg_error_new_code(EBADF, "waiting for descriptor %d", fd);
    lgi_acquired(lgi_polled_fd(fd));
    if (revents)
        *revents = one.revents;
    return NULL;
}

/* ---- taking turns ---- */

static __thread unsigned at_once_in_a_row;

void lgi_io_done_at_once(void)
{
    enum { MOST = 64 };
    if (++at_once_in_a_row < MOST)
        return;
    at_once_in_a_row = 0;
    if (lgi_on_fiber(lgi_self()))
        lg_yield();
}

void lgi_io_waited(void)
{
    at_once_in_a_row = 0;
}

/* ---- one try, which does not wait ---- */

/* What a call has found out about its descriptor. */
struct file {
    int fd;
    uint32_t generation;
    enum {
        MAYBE_SOCKET,
        ON_DISK,      /* always ready */
        OTHER,        /* … which the kernel can be asked not to wait for (RWF_NOWAIT) */
        NON_BLOCKING, /* by O_NONBLOCK */
        BLOCKING      /* to be used only when poll(2) says so */
    } kind;
    bool socket;       /* … that is used as what is none */
    lg_duration pause; /* before the next wait: below */
};

static void find_kind(struct file *file)
{
    struct stat status;
    file->kind = OTHER;
    if (fstat(file->fd, &status) == 0 &&
        (S_ISREG(status.st_mode) || S_ISBLK(status.st_mode) || S_ISDIR(status.st_mode)))
        file->kind = ON_DISK;
}

/* A call that the descriptor is not open for (`wrong`: O_RDONLY or O_WRONLY) fails at once; poll(2) would never say so. */
static void find_mode(struct file *file, int wrong)
{
    int flags = fcntl(file->fd, F_GETFL);
    bool at_once = flags >= 0 && ((flags & O_NONBLOCK) || (flags & O_ACCMODE) == wrong);
    file->kind = at_once ? NON_BLOCKING : BLOCKING;
}

/* May a blocking call be made? Else errno is EAGAIN. Asked also after a wait: what that was told may have been of an
 * older descriptor of this number. */
static bool may_block(const struct file *file, short events)
{
    struct pollfd one = {.fd = file->fd, .events = events};
    if (poll(&one, 1, 0) > 0)
        return true;
    errno = EAGAIN;
    return false;
}

static bool not_supported(void)
{
    return lgi_is_refused(errno) || errno == ESPIPE;
}

/* After recv or send: is this no socket, or one for which a filter refuses the calls of the network? (A service may have its
 * standard input and output from the service manager, as sockets, and no right to make any.) */
static bool is_as_no_socket(struct file *file)
{
    if (errno == ENOTSOCK)
        return true;
    file->socket = errno == EPERM || errno == EACCES || errno == ENOSYS;
    return file->socket;
}

/* preadv2 that does not wait. */
static ssize_t read_at_once(int fd, void *buffer, size_t size)
{
    const struct iovec part = {.iov_base = buffer, .iov_len = size};
    if (lgi_is_watched_by_tsan()) {
        errno = ENOSYS;
        return -1;
    }
    return preadv2(fd, &part, 1, -1, RWF_NOWAIT);
}

static ssize_t try_read(struct file *file, void *buffer, size_t size)
{
    ssize_t done;

    if (file->kind == MAYBE_SOCKET) {
        done = recv(file->fd, buffer, size, MSG_DONTWAIT);
        if (done >= 0 ? (size_t)done < size : errno == EAGAIN)
            lgi_fd_was_drained(file->fd, done < 0);
        if (done >= 0 || !is_as_no_socket(file))
            return done;
        lgi_fd_is_no_stream(file->fd);
        find_kind(file);
    }
    if (file->kind == OTHER) {
        done = read_at_once(file->fd, buffer, size);
        if (done >= 0 || !not_supported())
            return done;
        find_mode(file, O_WRONLY);
    }
    if (file->kind == BLOCKING && !may_block(file, POLLIN))
        return -1;
    return read(file->fd, buffer, size);
}

/* ---- SIGPIPE ---- */

struct hush {
    sigset_t before;
    bool hushed;
};

/* What a goroutine writes to a pipe without a reader fails, and does not raise SIGPIPE: its thread is others' too. Nor does
 * what anybody writes to a socket. */
static struct hush begin_hush(const struct file *file)
{
    struct hush hush = {.hushed = false};
    sigset_t pipe;
    if (!file->socket && !lgi_self()->start)
        return hush;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    hush.hushed = pthread_sigmask(SIG_BLOCK, &pipe, &hush.before) == 0 &&
                  !sigismember(&hush.before, SIGPIPE);
    return hush;
}

static void end_hush(const struct hush *hush, ssize_t done)
{
    if (!hush->hushed)
        return;
    if (done < 0 && errno == EPIPE) {
        LGI_KEEP_ERRNO;
        const struct timespec at_once = {0, 0};
        sigset_t pipe;
        sigemptyset(&pipe);
        sigaddset(&pipe, SIGPIPE);
        while (sigtimedwait(&pipe, NULL, &at_once) < 0 && errno == EINTR)
            ;
    }
    pthread_sigmask(SIG_SETMASK, &hush->before, NULL);
}

/* pwritev2 that does not wait. */
static ssize_t write_at_once(const struct file *file, const void *data, size_t size)
{
    const struct iovec part = {.iov_base = (void *)(uintptr_t)data, .iov_len = size};
    if (lgi_is_watched_by_tsan()) {
        errno = ENOSYS;
        return -1;
    }
    const struct hush hush = begin_hush(file);
    ssize_t done = pwritev2(file->fd, &part, 1, -1, RWF_NOWAIT);
    end_hush(&hush, done);
    return done;
}

static ssize_t write_plainly(const struct file *file, const void *data, size_t size)
{
    const struct hush hush = begin_hush(file);
    ssize_t done = write(file->fd, data, size);
    end_hush(&hush, done);
    return done;
}

static ssize_t try_write(struct file *file, const void *data, size_t size)
{
    ssize_t done;

    if (file->kind == MAYBE_SOCKET) {
        done = send(file->fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (done >= 0 || !is_as_no_socket(file))
            return done;
        find_kind(file);
    }
    if (file->kind == OTHER) {
        done = write_at_once(file, data, size);
        if (done >= 0 || !not_supported())
            return done;
        find_mode(file, O_RDONLY);
    }
    if (file->kind == BLOCKING) {
        if (!may_block(file, POLLOUT))
            return -1;
        if (size > PIPE_BUF) /* for so much there is room, and no more is sure */
            size = PIPE_BUF;
    }
    return file->kind == ON_DISK ? write(file->fd, data, size) : write_plainly(file, data, size);
}

/* ---- until it is done ---- */

/* After a try that failed: waits, if that helps. NULL: to be tried again. */
static lg_error *wait_for(struct file *file, short events, lg_until until, const char *what)
{
    short revents;
    if (errno == EINTR)
        return NULL;
    if (errno != EAGAIN)
        return lg_error_new_errno("%s descriptor %d", what, file->fd);
    lgi_io_waited();
    if (file->pause > 0) {
        lg_error *over = lg_sleep_until(file->pause, until);
        if (over)
            return over;
    }
    lg_error *error = lgi_wait_fd_of(file->fd, file->generation, events, until, &revents);
    /* Something else is to be fetched from it (MSG_ERRQUEUE), until then poll(2) will not wait. */
    if (!error && (revents & POLLERR) && !(revents & events))
        file->pause = file->pause > 0 ? LG_MILLISECOND * 10 : LG_MILLISECOND;
    return error;
}

static struct file file_of(int fd)
{
    return (struct file){.fd = fd, .generation = lgi_fd_generation(fd)};
}

/* The kernel takes less than 2 GiB at a time anyway; with this, no size is too large. */
static size_t at_once(size_t size)
{
    enum { MOST = 1 << 30 };
    return size < MOST ? size : MOST;
}

static lg_error *read_some(struct file *file, void *buffer, size_t size, lg_until until,
                           size_t *count)
{
    lg_error *over = NULL;
    for (bool tries = lgi_fd_may_be_read(file->fd);; tries = true) {
        ssize_t done = -1;
        errno = EAGAIN;
        if (tries)
            done = try_read(file, buffer, at_once(size));
        if (done >= 0) {
            *count = (size_t)done;
            lgi_io_done_at_once();
            return NULL;
        }
        if (over)
            return over;
        lg_error *error = wait_for(file, POLLIN, until, "read");
        if (error && (tries || error == &lg_error_closed))
            return error;
        over = error; /* but what can be done at once is done */
    }
}

lg_error *lg_read(int fd, void *buffer, size_t size, lg_until until, size_t *count)
{
    LGI_KEEP_ERRNO;
    struct file file = file_of(fd);
    *count = 0;
    return size == 0 ? NULL : read_some(&file, buffer, size, until, count);
}

lg_error *lg_read_full(int fd, void *buffer, size_t size, lg_until until, size_t *count)
{
    LGI_KEEP_ERRNO;
    struct file file = file_of(fd);
    size_t mine, *done = count ? count : &mine;
    lg_error *error = NULL;

    for (*done = 0; !error && *done < size;) {
        size_t some = 0;
        error = read_some(&file, (char *)buffer + *done, size - *done, until, &some);
        if (!error && some == 0)
            error = *done == 0 ? &lg_error_end_of_file : &lg_error_unexpected_end;
        *done += some;
    }
    return error;
}

/* An empty datagram is one too. For all that is no socket, nothing is nothing. */
static lg_error *write_nothing(struct file *file, lg_until until)
{
    lg_error *error = NULL;
    while (!error && send(file->fd, "", 0, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
        if (errno == ENOTSOCK)
            return NULL;
        if (is_as_no_socket(file) && may_block(file, POLLOUT) && write_plainly(file, "", 0) == 0)
            return NULL;
        error = wait_for(file, POLLOUT, until, "write");
    }
    return error;
}

lg_error *lg_write(int fd, const void *data, size_t size, lg_until until, size_t *count)
{
    LGI_KEEP_ERRNO;
    struct file file = file_of(fd);
    size_t mine, *done = count ? count : &mine;
    lg_error *error = size == 0 ? write_nothing(&file, until) : NULL;

    for (*done = 0; !error && *done < size;) {
        ssize_t some = try_write(&file, (const char *)data + *done, at_once(size - *done));
        if (some > 0) {
            *done += (size_t)some;
            lgi_io_done_at_once();
            continue;
        }
        if (some ==
            0) /* of a device that takes nothing, and says nothing: not to be asked for ever */
            errno = EIO;
        error = wait_for(&file, POLLOUT, until, "write");
    }
    return error;
}
