/* Waits of threads for descriptors, in poll(2). */
#define _GNU_SOURCE
#include <errno.h>
#include <lifoguard/file.h>
#include <lifoguard/go.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "closers/own_fd.h"
#include "error/keep_errno.h"
#include "poll/descriptor.h"
#include "poll/poll.h"
#include "sched/bubble.h"
#include "sched/futex.h"
#include "sched/runtime.h"
#include "time/clock.h"

int lgi_poll_fds(struct pollfd *fds, nfds_t count, lg_time until)
{
    static bool without_ppoll; /* atomic */
    lg_duration rest = lgi_time_left(until);
    if (!__atomic_load_n(&without_ppoll, __ATOMIC_RELAXED)) {
        const struct timespec time = lgi_timespec(rest);
        int ready = ppoll(fds, count, rest == LG_DURATION_MAX ? NULL : &time, NULL);
        if (ready >= 0 || errno == EINTR)
            return ready;
        if (lgi_is_refused(errno))
            __atomic_store_n(&without_ppoll, true, __ATOMIC_RELAXED);
    }
    return poll(fds, count, lgi_milliseconds(rest));
}

/* Asks poll(2) without waiting. 0: not ready; -1: failed, with errno. */
static int poll_now(int fd, short events, short *revents)
{
    struct pollfd one = {.fd = fd, .events = events};
    int count = lgi_poll_fds(&one, 1, 0);
    *revents = one.revents;
    if (count > 0 && (one.revents & POLLNVAL)) {
        errno = EBADF;
        return -1;
    }
    return count;
}

lg_error *lgi_wait_by_polling(int fd, uint32_t generation, short events, lg_until until,
                              short *revents)
{
    enum { LEAST_MS = 1, MOST_MS = 20 };
    for (lg_duration pause = LEAST_MS * LG_MILLISECOND;;) {
        if (lgi_fd_generation(fd) != generation)
            return &lg_error_closed;
        int ready = poll_now(fd, events, revents);
        if (ready < 0 && errno == EBADF)
            return lgi_fd_not_open(fd);
        if (ready > 0)
            return NULL;
        lg_error *over = lg_sleep_until(pause, until);
        if (over)
            return over;
        if (pause < MOST_MS * LG_MILLISECOND)
            pause *= 2;
    }
}

/* A waker that ends a thread's wait writes to an event of the thread (own_fd.h), which stays open until the thread ends. */
static __thread int thread_event[2]; /* 0: none yet */
static pthread_key_t thread_key;
static bool has_key;

static void close_event(void *unused)
{
    (void)unused;
    lgi_close_event(thread_event);
    thread_event[0] = thread_event[1] = 0;
}

/* A forked child shares the parent's event: a wake of one would be a wake of the other. */
static void forget_event(void)
{
    if (thread_event[0] > 0) {
        pthread_setspecific(thread_key, NULL);
        close_event(NULL);
    }
}

static void make_key(void)
{
    has_key = pthread_key_create(&thread_key, close_event) == 0 &&
              pthread_atfork(NULL, NULL, forget_event) == 0;
}

/* Sees to it that there is a thread_event. */
static bool has_event(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    int event[2];
    if (thread_event[0] > 0)
        return true;
    pthread_once(&once, make_key);
    if (!has_key || lgi_own_event(event) != 0)
        return false;
    if (pthread_setspecific(thread_key, thread_event) != 0) {
        lgi_close_event(event);
        return false;
    }
    memcpy(thread_event, event, sizeof(event));
    return true;
}

/* The value of the event: its low half counts the ends of waits, its high half the requests to check for lg_exit. (Where it
 * is a pipe, each of them comes alone.) */
#define CHECK (UINT64_C(1) << 32)

void lgi_poll_recheck(struct lgi_g *g)
{
    uint64_t check = CHECK;
    LGI_KEEP_ERRNO;
    int event = __atomic_load_n(&g->event, __ATOMIC_SEQ_CST);
    if (event > 0)
        (void)!syscall(SYS_write, event, &check, sizeof(check)); /* no cancellation point */
}

static bool read_event(int event)
{
    uint64_t value;
    return read(event, &value, sizeof(value)) == (ssize_t)sizeof(value) && value % CHECK != 0;
}

/* The event has said that the wait is over. (For ThreadSanitizer the kernel makes no order; the futex, which lgi_unpark has
 * set before, does.) */
static uint32_t unparked_as(struct lgi_g *g)
{
    (void)__atomic_load_n(&g->futex, __ATOMIC_ACQUIRE);
    if (g->bubble)
        lgi_bubble_unblocked(g, false, true);
    return __atomic_load_n(&g->claim, __ATOMIC_ACQUIRE);
}

/* A waker has claimed the wait, which is over once the event says so. */
static uint32_t await_unpark(struct lgi_g *g, int event)
{
    struct pollfd unparked = {.fd = event, .events = POLLIN};
    while (!read_event(event))
        lgi_poll_fds(&unparked, 1, LG_DURATION_MAX);
    return unparked_as(g);
}

static bool is_to_stop(const struct lgi_g *g)
{
    return __atomic_load_n(&g->stop, __ATOMIC_SEQ_CST) && !g->stopped;
}

/* A wait of a thread. */
struct thread_wait {
    struct lgi_g *g;
    struct lgi_fd *entry;
    struct lgi_fd_wait wait;
    struct lgi_waiter watch; /* of until's lgi_done */
    struct pollfd fds[2];    /* the descriptor, and the thread's event */
    lg_until until;
};

static void begin(const struct thread_wait *w)
{
    struct lgi_g *g = w->g;
    __atomic_store_n(&g->event, thread_event[1], __ATOMIC_SEQ_CST);
    lgi_wait_begin(g, "descriptor");
    g->has_deadline = w->until.lgi_deadline != LG_DURATION_MAX;
    __atomic_store_n(&g->may_be_stopped, !g->stopped, __ATOMIC_SEQ_CST);
}

static bool stops(struct lgi_g *g)
{
    return is_to_stop(g) && lgi_claim(g, LGI_STOPPED);
}

/* Returns what the wait was ended as before it has begun, or LGI_WAITING. */
static uint32_t end_at_once(struct thread_wait *w, uint32_t generation)
{
    if (!lgi_fd_enter(w->entry, generation, &w->wait))
        return lgi_claim(w->g, LGI_FD_CLOSED) ? LGI_FD_CLOSED : await_unpark(w->g, w->fds[1].fd);
    if (!lgi_until_watch(w->g, w->until, &w->watch))
        return poll_now(w->wait.fd, w->wait.events, &w->fds[0].revents) != 0 ? LGI_READY
                                                                             : LGI_IS_DONE;
    return stops(w->g) ? LGI_STOPPED : LGI_WAITING;
}

/* After a poll that has returned `count`: returns what the wait was ended as, or LGI_WAITING. */
static uint32_t check_end(const struct thread_wait *w, int count)
{
    lg_time deadline = w->until.lgi_deadline;
    uint32_t mine = LGI_WAITING;
    if (count > 0 && w->fds[0].revents)
        mine = LGI_READY;
    else if (deadline != LG_DURATION_MAX && lg_now() >= deadline)
        mine = LGI_TIMED_OUT;
    if (mine != LGI_WAITING && lgi_claim(w->g, mine))
        return mine;
    int event = w->fds[1].fd;
    bool over = read_event(event);
    if (stops(w->g))
        return LGI_STOPPED;
    if (__atomic_load_n(&w->g->claim, __ATOMIC_ACQUIRE) == LGI_WAITING)
        return LGI_WAITING;
    return over ? unparked_as(w->g) : await_unpark(w->g, event);
}

/* Returns what the wait was ended as. */
static uint32_t poll_with_event(struct thread_wait *w)
{
    uint32_t claim = LGI_WAITING;
    while (claim == LGI_WAITING) {
        int count = lgi_poll_fds(w->fds, 2, lgi_real_deadline(w->g, w->until.lgi_deadline));
        if (count < 0 && errno != EINTR) /* no memory, say: try again soon */
            lgi_futex_wait(&w->g->futex, 0, lgi_real_now() + LG_MILLISECOND);
        claim = check_end(w, count);
    }
    return claim;
}

static void end(struct thread_wait *w, uint32_t claim)
{
    lgi_until_unwatch(w->g, w->until, &w->watch, claim);
    lgi_fd_leave(w->entry, &w->wait);
    __atomic_store_n(&w->g->event, 0, __ATOMIC_RELAXED);
    w->g->waits_for = NULL;
}

lg_error *lgi_wait_fd_on_thread(struct lgi_g *g, int fd, uint32_t generation, short events,
                                lg_until until, short *revents)
{
    struct lgi_fd *entry = lgi_fd_get(fd);
    int cancel_state;
    if (!has_event() || !entry)
        return lgi_wait_by_polling(fd, generation, events, until, revents);
    struct thread_wait w = {
        .g = g,
        .entry = entry,
        .wait = {.waiter = {.g = g}, .fd = fd, .events = events},
        .fds = {{.fd = fd, .events = events}, {.fd = thread_event[0], .events = POLLIN}},
        .until = until,
    };
    /* Entries in lists are on this stack. */
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    begin(&w);
    uint32_t claim = end_at_once(&w, generation);
    if (claim == LGI_WAITING)
        claim = poll_with_event(&w);
    end(&w, claim);
    pthread_setcancelstate(cancel_state, NULL);
    w.wait.revents = w.fds[0].revents; /* 0: woken by after_close */
    return lgi_fd_wait_result(&w.wait, claim, until, revents);
}
