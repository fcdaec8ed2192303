#define _GNU_SOURCE
#include "sched/poll.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "sched/runtime.h"

/* Who waits for one descriptor on one worker. */
struct lgi_fd {
    struct lgi_waiters waiters;
};

struct fd_wait {
    struct lgi_waiter waiter;
    short events, revents;
};

enum { ALWAYS = POLLERR | POLLHUP | POLLNVAL };

static struct fd_wait *wait_of(struct lgi_waiter *waiter)
{
    return (struct fd_wait *)waiter; /* its first member */
}

/* ---- a worker's instance ---- */

static bool open_epoll(struct lgi_worker *w)
{
    if (w->epoll >= 0)
        return true;
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event wake = {.events = EPOLLIN | EPOLLET, .data.fd = event};
    if (epoll < 0 || event < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, event, &wake) != 0) {
        int errno_value = errno;
        if (epoll >= 0)
            close(epoll);
        if (event >= 0)
            close(event);
        errno = errno_value;
        return false;
    }
    w->event = event;
    w->epoll = epoll;
    return true;
}

void lgi_poll_wake(struct lgi_worker *w)
{
    uint64_t one = 1;
    int errno_value = errno;
    while (write(w->event, &one, sizeof(one)) < 0 && errno == EINTR)
        ;
    errno = errno_value;
}

/* Arms a descriptor for all who wait for it. 0, or an errno value. */
static int arm(struct lgi_worker *w, int fd)
{
    struct epoll_event event = {.events = EPOLLONESHOT, .data.fd = fd};
    for (struct lgi_waiter *waiter = w->fds[fd].waiters.first; waiter; waiter = waiter->next)
        event.events |= (uint32_t)wait_of(waiter)->events;
    if (epoll_ctl(w->epoll, EPOLL_CTL_MOD, fd, &event) == 0)
        return 0;
    if (errno == ENOENT && epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &event) == 0)
        return 0;
    return errno;
}

/* Wakes those who wait for one of `events`. */
static void ready(struct lgi_worker *w, int fd, short events)
{
    struct lgi_waiters *waiters = &w->fds[fd].waiters;
    for (struct lgi_waiter *waiter = waiters->first, *next; waiter; waiter = next) {
        next = waiter->next;
        struct fd_wait *wait = wait_of(waiter);
        short relevant = events & (wait->events | ALWAYS);
        if (!relevant)
            continue;
        lgi_waiters_remove(waiters, waiter);
        if (lgi_claim(waiter->g, LGI_READY)) {
            wait->revents = relevant;
            lgi_unpark(waiter->g);
        }
    }
    if (!lgi_waiters_empty(waiters)) {
        int failed = arm(w, fd);
        if (failed && !(events & ALWAYS))
            ready(w, fd, POLLNVAL); /* it was closed meanwhile: the call that follows will say so */
    }
}

void lgi_poll(struct lgi_worker *w, lg_duration until)
{
    enum { AT_ONCE = 128 };
    struct epoll_event events[AT_ONCE];
    struct timespec time, *timeout = &time;
    int errno_value = errno;
    lg_duration rest = 0;

    if (w->epoll < 0)
        return;
    if (until == LG_DURATION_MAX)
        timeout = NULL;
    else if (until > 0)
        rest = until - lg_now();
    if (rest < 0)
        rest = 0;
    time = (struct timespec){rest / LG_SECOND, rest % LG_SECOND};
    int count = epoll_pwait2(w->epoll, events, AT_ONCE, timeout, NULL);
    if (count < 0 && errno == ENOSYS) /* Linux before 5.11, and qemu-user */
        count = epoll_wait(w->epoll, events, AT_ONCE,
                           timeout ? (int)((rest + LG_MILLISECOND - 1) / LG_MILLISECOND) : -1);
    for (int i = 0; i < count; i++) {
        if (events[i].data.fd != w->event)
            ready(w, events[i].data.fd, (short)events[i].events);
    }
    errno = errno_value;
}

/* ---- waiting ---- */

/* Room for a descriptor in the worker's table. */
static bool reserve(struct lgi_worker *w, int fd)
{
    enum { FIRST = 64 };
    if ((size_t)fd < w->fd_capacity)
        return true;
    size_t capacity = w->fd_capacity ? w->fd_capacity * 2 : FIRST;
    if (capacity <= (size_t)fd)
        capacity = (size_t)fd + 1;
    struct lgi_fd *fds = realloc(w->fds, capacity * sizeof(*fds));
    if (!fds)
        return false;
    memset(fds + w->fd_capacity, 0, (capacity - w->fd_capacity) * sizeof(*fds));
    w->fds = fds;
    w->fd_capacity = capacity;
    return true;
}

static lg_error *wait_on_fiber(struct lgi_g *g, int fd, short events, lg_until until,
                               short *revents)
{
    struct lgi_worker *w = g->worker;
    struct fd_wait wait = {.waiter = {.g = g}, .events = events};

    if (!reserve(w, fd))
        return &lg_error_out_of_memory;
    if (!open_epoll(w))
        return lg_error_errno(errno, "epoll");
    lgi_wait_begin(g, "descriptor");
    lgi_waiters_push(&w->fds[fd].waiters, &wait.waiter);
    int failed = arm(w, fd);
    if (failed) {
        lgi_waiters_remove(&w->fds[fd].waiters, &wait.waiter);
        (void)lgi_claim(g, LGI_READY);
        *revents = events;
        return failed == EPERM ? NULL /* a regular file: always ready */
                               : lg_error_errno(failed, "waiting for descriptor %d", fd);
    }
    w->fd_waiters++;
    uint32_t claim = lgi_park(g, until);
    w->fd_waiters--;
    lgi_waiters_remove(&w->fds[fd].waiters, &wait.waiter);
    if (claim < LGI_READY)
        return lgi_wait_failed(claim, until);
    *revents = wait.revents;
    return NULL;
}

/* A thread waits in poll(2); what else may end its wait writes to a descriptor. */
static lg_error *wait_on_thread(struct lgi_g *g, int fd, short events, lg_until until,
                                short *revents)
{
    struct pollfd fds[2] = {{.fd = fd, .events = events}, {.fd = -1, .events = POLLIN}};
    struct lgi_waiter watch = {.g = g, .index = LGI_IS_DONE};
    uint32_t claim = LGI_WAITING;
    lg_error *error = NULL;

    int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (event < 0)
        return lg_error_errno(errno, "eventfd");
    fds[1].fd = event;
    lgi_wait_begin(g, "descriptor");
    __atomic_store_n(&g->event, event, __ATOMIC_SEQ_CST);
    if (until.lgi_done && !lgi_done_watch(until.lgi_done, &watch) && lgi_claim(g, LGI_IS_DONE))
        claim = LGI_IS_DONE;
    __atomic_store_n(&g->may_be_stopped, !g->stopped, __ATOMIC_SEQ_CST);
    if (claim == LGI_WAITING && g->stop && !g->stopped && lgi_claim(g, LGI_STOPPED))
        claim = LGI_STOPPED;
    while (claim == LGI_WAITING) {
        struct timespec time = {0}, *timeout = NULL;
        if (until.lgi_deadline != LG_DURATION_MAX) {
            lg_duration rest = until.lgi_deadline - lg_now();
            if (rest > 0)
                time = (struct timespec){rest / LG_SECOND, rest % LG_SECOND};
            timeout = &time;
        }
        int count = ppoll(fds, 2, timeout, NULL);
        if (count < 0 && errno != EINTR && errno != EAGAIN) {
            error = lg_error_errno(errno, "poll");
            claim = LGI_READY;
        } else if (count >= 0 && fds[0].revents) {
            claim = LGI_READY;
        } else if (count == 0) {
            claim = LGI_TIMED_OUT;
        }
        if (claim != LGI_WAITING && lgi_claim(g, claim))
            break;
        /* Somebody else ends it, or has: it is over when the event says so. */
        claim = LGI_WAITING;
        if (__atomic_load_n(&g->claim, __ATOMIC_ACQUIRE) != LGI_WAITING) {
            struct pollfd unparked = {.fd = event, .events = POLLIN};
            while (poll(&unparked, 1, -1) < 0)
                ;
            claim = __atomic_load_n(&g->claim, __ATOMIC_ACQUIRE);
        }
    }
    if (until.lgi_done) {
        if (claim == LGI_IS_DONE)
            lgi_note_done(g, until);
        lgi_done_unwatch(until.lgi_done, &watch);
    }
    g->event = 0;
    g->waits_for = NULL;
    close(event);
    if (claim < LGI_READY)
        return lgi_wait_failed(claim, until);
    *revents = fds[0].revents;
    if (!error && (fds[0].revents & POLLNVAL))
        error = lg_error_errno(EBADF, "waiting for descriptor %d", fd);
    return error;
}

lg_error *lgi_wait_fd(int fd, short events, lg_until until, short *revents)
{
    if (fd < 0)
        return lg_error_errno(EBADF, "waiting for descriptor %d", fd);
    struct lgi_g *g = lgi_self();
    return lgi_on_fiber(g) ? wait_on_fiber(g, fd, events, until, revents)
                           : wait_on_thread(g, fd, events, until, revents);
}
