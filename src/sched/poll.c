#define _GNU_SOURCE
#include "sched/poll.h"

#include <errno.h>
#include <lifoguard/file.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "close/closing.h"
#include "sched/futex.h"
#include "sched/runtime.h"

enum { CLOSED = LGI_READY + 1 };

enum { ALWAYS = POLLERR | POLLHUP | POLLNVAL };

struct fd_wait {
    struct lgi_waiter waiter;
    short events, revents;
};

static struct fd_wait *wait_of(struct lgi_waiter *waiter)
{
    return (struct fd_wait *)waiter; /* its first member */
}

/* ---- descriptors ---- */

struct lgi_fd {
    uint32_t lock;
    uint32_t generation; /* written atomically, under the lock */
    struct lgi_waiters waiters;
};

/* They come when they are first waited for, many at a time, and never go. */
enum { CHUNK = 512, CHUNKS = 32768 };
static struct lgi_fd *chunks[CHUNKS]; /* atomic */

static struct lgi_fd *known_fd(int fd)
{
    size_t number = (unsigned)fd / CHUNK;
    if (number >= CHUNKS)
        return NULL;
    struct lgi_fd *chunk = __atomic_load_n(&chunks[number], __ATOMIC_ACQUIRE);
    return chunk ? &chunk[(unsigned)fd % CHUNK] : NULL;
}

static void before_close(int fd);
static void after_close(int fd);

/* NULL: out of memory, or the number is beyond all limits. */
static struct lgi_fd *get_fd(int fd)
{
    static const struct lgi_closing closing = {before_close, after_close};
    struct lgi_fd *entry = known_fd(fd);
    size_t number = (unsigned)fd / CHUNK;
    if (entry || number >= CHUNKS)
        return entry;
    struct lgi_fd *chunk = calloc(CHUNK, sizeof(*chunk)), *none = NULL;
    if (!chunk)
        return NULL;
    if (!__atomic_compare_exchange_n(&chunks[number], &none, chunk, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE))
        free(chunk);
    __atomic_store_n(&lgi_closing, &closing, __ATOMIC_RELEASE);
    return known_fd(fd);
}

uint32_t lgi_fd_generation(int fd)
{
    const struct lgi_fd *entry = known_fd(fd);
    return entry ? __atomic_load_n(&entry->generation, __ATOMIC_ACQUIRE) : 0;
}

/* Ends the waits of all who wait for it. */
static void wake_all(int fd, uint32_t as)
{
    struct lgi_fd *entry = known_fd(fd);
    struct lgi_waiter *claimed = NULL, **end = &claimed, *waiter;
    if (!entry)
        return;
    lgi_lock(&entry->lock);
    if (as == CLOSED)
        __atomic_store_n(&entry->generation, entry->generation + 1, __ATOMIC_RELEASE);
    while ((waiter = entry->waiters.first)) {
        lgi_waiters_remove(&entry->waiters, waiter);
        if (!lgi_claim(waiter->g, as))
            continue;
        waiter->next = NULL;
        *end = waiter;
        end = &waiter->next;
    }
    lgi_unlock(&entry->lock);
    while (claimed) {
        waiter = claimed;
        claimed = claimed->next;
        lgi_unpark(waiter->g);
    }
}

static void before_close(int fd)
{
    wake_all(fd, CLOSED);
}

/* Some may have come in between, to wait for what is no longer there: they look again. */
static void after_close(int fd)
{
    wake_all(fd, LGI_READY);
}

/* False: it has been closed, and the wait is withdrawn. */
static bool enter(struct lgi_fd *entry, uint32_t generation, struct fd_wait *wait)
{
    lgi_lock(&entry->lock);
    bool same = entry->generation == generation;
    if (same)
        lgi_waiters_push(&entry->waiters, &wait->waiter);
    lgi_unlock(&entry->lock);
    return same;
}

static void leave(struct lgi_fd *entry, struct fd_wait *wait)
{
    lgi_lock(&entry->lock);
    lgi_waiters_remove(&entry->waiters, &wait->waiter);
    lgi_unlock(&entry->lock);
}

/* ---- a worker's instance ---- */

/* What an event is about: a descriptor and its generation; or the worker's own, which wakes it. */
enum { GENERATION_SHIFT = 32 };
#define WAKES UINT64_MAX

static bool open_epoll(struct lgi_worker *w)
{
    if (w->epoll >= 0)
        return true;
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event wake = {.events = EPOLLIN | EPOLLET, .data.u64 = WAKES};
    if (epoll < 0 || event < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, event, &wake) != 0) {
        if (epoll >= 0)
            close(epoll);
        if (event >= 0)
            close(event);
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

/* Arms a descriptor for those of this worker who wait for it. 0, or an errno value. */
static int arm(struct lgi_worker *w, int fd, struct lgi_fd *entry)
{
    struct epoll_event event = {.events = EPOLLONESHOT};
    lgi_lock(&entry->lock);
    for (struct lgi_waiter *waiter = entry->waiters.first; waiter; waiter = waiter->next) {
        if (waiter->g->worker == w)
            event.events |= (uint32_t)wait_of(waiter)->events;
    }
    event.data.u64 = (uint64_t)entry->generation << GENERATION_SHIFT | (unsigned)fd;
    lgi_unlock(&entry->lock);
    if (epoll_ctl(w->epoll, EPOLL_CTL_MOD, fd, &event) == 0)
        return 0;
    if (errno == ENOENT && epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &event) == 0)
        return 0;
    return errno;
}

/* Wakes those of this worker who wait for one of `events`; for each of them the first only, who may leave nothing to
 * the others, unless it has hung up. True if there are others. */
static bool wake(struct lgi_worker *w, struct lgi_fd *entry, uint32_t generation, short events)
{
    struct lgi_waiter *claimed = NULL, **end = &claimed;
    short rest = events;
    bool others = false;
    lgi_lock(&entry->lock);
    struct lgi_waiter *waiter = entry->generation == generation ? entry->waiters.first : NULL;
    for (struct lgi_waiter *next; waiter; waiter = next) {
        next = waiter->next;
        struct fd_wait *wait = wait_of(waiter);
        if (waiter->g->worker != w)
            continue;
        short relevant = (short)(rest & (wait->events | ALWAYS));
        if (!relevant) {
            others = true;
            continue;
        }
        lgi_waiters_remove(&entry->waiters, waiter);
        if (!lgi_claim(waiter->g, LGI_READY))
            continue;
        wait->revents = relevant;
        rest &= (short)(~relevant | ALWAYS);
        waiter->next = NULL;
        *end = waiter;
        end = &waiter->next;
    }
    lgi_unlock(&entry->lock);
    while (claimed) {
        waiter = claimed;
        claimed = claimed->next;
        lgi_unpark(waiter->g);
    }
    return others;
}

static void happened(struct lgi_worker *w, uint64_t about, short events)
{
    int fd = (int)(uint32_t)about;
    struct lgi_fd *entry = known_fd(fd);
    uint32_t generation = (uint32_t)(about >> GENERATION_SHIFT);
    /* If it cannot be armed for them again, they have to look what has become of it. */
    if (wake(w, entry, generation, events) && arm(w, fd, entry) != 0)
        wake(w, entry, generation, POLLNVAL);
}

void lgi_poll(struct lgi_worker *w, lg_duration until)
{
    enum { AT_ONCE = 128 };
    static bool without_pwait2; /* Linux before 5.11, and qemu-user. Atomic */
    struct epoll_event events[AT_ONCE];
    struct timespec time, *timeout = &time;
    int errno_value = errno, count = -1;
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
    if (!__atomic_load_n(&without_pwait2, __ATOMIC_RELAXED)) {
        count = epoll_pwait2(w->epoll, events, AT_ONCE, timeout, NULL);
        if (count < 0 && errno == ENOSYS)
            __atomic_store_n(&without_pwait2, true, __ATOMIC_RELAXED);
    }
    if (__atomic_load_n(&without_pwait2, __ATOMIC_RELAXED)) {
        lg_duration ms = (rest + LG_MILLISECOND - 1) / LG_MILLISECOND;
        count = epoll_wait(w->epoll, events, AT_ONCE,
                           !timeout ? -1 : (int)(ms < INT32_MAX ? ms : INT32_MAX));
    }
    for (int i = 0; i < count; i++) {
        if (events[i].data.u64 != WAKES)
            happened(w, events[i].data.u64, (short)events[i].events);
    }
    errno = errno_value;
}

/* ---- waiting ---- */

static int poll_until(struct pollfd *fds, nfds_t count, lg_duration until)
{
    struct timespec time = {0};
    lg_duration rest = until == LG_DURATION_MAX ? 0 : until - lg_now();
    if (rest > 0)
        time = (struct timespec){rest / LG_SECOND, rest % LG_SECOND};
    return ppoll(fds, count, until == LG_DURATION_MAX ? NULL : &time, NULL);
}

/* What poll(2) says at once. 0: not ready; -1: an errno value. */
static int poll_now(int fd, short events, short *revents)
{
    struct pollfd one = {.fd = fd, .events = events};
    int count = poll_until(&one, 1, 0);
    *revents = one.revents;
    if (count > 0 && (one.revents & POLLNVAL)) {
        errno = EBADF;
        return -1;
    }
    return count;
}

static lg_error *not_open(int fd)
{
    return lg_error_errno(EBADF, "waiting for descriptor %d", fd);
}

/* When there is no memory or descriptor to be had for waiting as one should: looks now and then. */
static lg_error *wait_by_looking(int fd, uint32_t generation, short events, lg_until until,
                                 short *revents)
{
    enum { LEAST_MS = 1, MOST_MS = 20 };
    for (lg_duration pause = LEAST_MS * LG_MILLISECOND;;) {
        if (lgi_fd_generation(fd) != generation)
            return &lg_error_closed;
        int ready = poll_now(fd, events, revents);
        if (ready < 0 && errno == EBADF)
            return not_open(fd);
        if (ready > 0)
            return NULL;
        lg_error *over = lg_sleep_until(pause, until);
        if (over)
            return over;
        if (pause < MOST_MS * LG_MILLISECOND)
            pause *= 2;
    }
}

/* The caller has begun to wait, and does not after all. If somebody has ended the wait meanwhile, that has to be
 * waited for. Returns what it was ended as. */
static uint32_t withdraw(struct lgi_g *g)
{
    if (!lgi_claim(g, LGI_READY))
        return lgi_park_through(g);
    g->waits_for = NULL;
    return LGI_READY;
}

static lg_error *wait_on_fiber(struct lgi_g *g, int fd, uint32_t generation, short events,
                               lg_until until, short *revents)
{
    struct lgi_worker *w = g->worker;
    struct fd_wait wait = {.waiter = {.g = g}, .events = events};
    struct lgi_fd *entry = get_fd(fd);
    uint32_t claim;

    if (!entry || !open_epoll(w))
        return wait_by_looking(fd, generation, events, until, revents);
    lgi_wait_begin(g, "descriptor");
    if (!enter(entry, generation, &wait)) {
        claim = withdraw(g);
        return claim < LGI_READY ? lgi_wait_failed(claim, until) : &lg_error_closed;
    }
    int failed = arm(w, fd, entry);
    if (failed) {
        claim = withdraw(g);
        leave(entry, &wait);
        if (claim == LGI_READY) {
            *revents = events;
            if (failed == EPERM) /* a regular file: always ready */
                return NULL;
            return failed == EBADF ? not_open(fd)
                                   : wait_by_looking(fd, generation, events, until, revents);
        }
    } else {
        w->fd_waiters++;
        claim = lgi_park(g, until);
        w->fd_waiters--;
        leave(entry, &wait);
    }
    if (claim < LGI_READY)
        return lgi_wait_failed(claim, until);
    *revents = wait.revents;
    return claim == CLOSED ? &lg_error_closed : NULL;
}

/* ---- on threads ---- */

/* What else may end a thread's wait writes to a descriptor of the thread's own, which stays until it ends. */
static __thread int thread_event; /* 0: none yet */
static pthread_key_t thread_key;
static bool has_key;

static void close_event(void *unused)
{
    (void)unused;
    close(thread_event);
    thread_event = 0;
}

/* The child has the parent's: what the one is told, the other would hear. */
static void forget_event(void)
{
    if (thread_event > 0) {
        pthread_setspecific(thread_key, NULL);
        close_event(NULL);
    }
}

static void make_key(void)
{
    has_key = pthread_key_create(&thread_key, close_event) == 0 &&
              pthread_atfork(NULL, NULL, forget_event) == 0;
}

/* -1: there is none to be had. */
static int event_of_thread(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (thread_event > 0)
        return thread_event;
    pthread_once(&once, make_key);
    int event = has_key ? eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : -1;
    if (event == 0) /* 0 stands for none: another number, then */
        event = -1;
    if (event > 0 && pthread_setspecific(thread_key, &thread_event) != 0) {
        close(event);
        event = -1;
    }
    thread_event = event > 0 ? event : 0;
    return event;
}

/* Somebody has claimed the wait: it is over when the event says so. */
static uint32_t await_unpark(struct lgi_g *g, int event)
{
    struct pollfd unparked = {.fd = event, .events = POLLIN};
    uint64_t count;
    while (read(event, &count, sizeof(count)) < 0)
        poll_until(&unparked, 1, LG_DURATION_MAX);
    return __atomic_load_n(&g->claim, __ATOMIC_ACQUIRE);
}

/* The wait itself. Returns what it was ended as. */
static uint32_t poll_with_event(struct lgi_g *g, struct pollfd fds[2], lg_duration deadline)
{
    for (;;) {
        int count = poll_until(fds, 2, deadline);
        if (count < 0 && errno != EINTR) /* no memory, say: try again soon */
            lgi_futex_wait(&g->futex, 0, lg_now() + LG_MILLISECOND);
        uint32_t mine = LGI_WAITING;
        if (count > 0 && fds[0].revents)
            mine = LGI_READY;
        else if (count == 0 || (deadline != LG_DURATION_MAX && lg_now() >= deadline))
            mine = LGI_TIMED_OUT;
        if (mine != LGI_WAITING && lgi_claim(g, mine))
            return mine;
        if (__atomic_load_n(&g->claim, __ATOMIC_ACQUIRE) != LGI_WAITING)
            return await_unpark(g, fds[1].fd);
    }
}

static lg_error *wait_on_thread(struct lgi_g *g, int fd, uint32_t generation, short events,
                                lg_until until, short *revents)
{
    struct fd_wait wait = {.waiter = {.g = g}, .events = events};
    struct lgi_waiter watch = {.g = g, .index = LGI_IS_DONE};
    struct lgi_fd *entry = get_fd(fd);
    uint32_t claim = LGI_WAITING;

    int event = event_of_thread();
    if (event < 0 || !entry)
        return wait_by_looking(fd, generation, events, until, revents);
    struct pollfd fds[2] = {{.fd = fd, .events = events}, {.fd = event, .events = POLLIN}};
    int cancel_state; /* what stands in lists is on this stack */
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    g->event = event;
    lgi_wait_begin(g, "descriptor");
    g->has_deadline = until.lgi_deadline != LG_DURATION_MAX;
    __atomic_store_n(&g->may_be_stopped, !g->stopped, __ATOMIC_SEQ_CST);
    if (!enter(entry, generation, &wait))
        claim = lgi_claim(g, CLOSED) ? CLOSED : await_unpark(g, event);
    else if (until.lgi_done && !lgi_done_watch(until.lgi_done, &watch) && lgi_claim(g, LGI_IS_DONE))
        claim = poll_now(fd, events, &fds[0].revents) != 0 ? LGI_READY : LGI_IS_DONE;
    else if (__atomic_load_n(&g->stop, __ATOMIC_SEQ_CST) && !g->stopped &&
             lgi_claim(g, LGI_STOPPED))
        claim = LGI_STOPPED;
    else
        claim = poll_with_event(g, fds, until.lgi_deadline);
    if (until.lgi_done) {
        if (claim == LGI_IS_DONE)
            lgi_note_done(g, until);
        lgi_done_unwatch(until.lgi_done, &watch);
    }
    leave(entry, &wait);
    g->event = 0;
    g->waits_for = NULL;
    pthread_setcancelstate(cancel_state, NULL);
    if (claim < LGI_READY)
        return lgi_wait_failed(claim, until);
    if (claim == CLOSED)
        return &lg_error_closed;
    *revents = fds[0].revents; /* 0: woken by after_close */
    return fds[0].revents & POLLNVAL ? not_open(fd) : NULL;
}

/* ---- for everyone ---- */

lg_error *lgi_wait_fd_of(int fd, uint32_t generation, short events, lg_until until, short *revents)
{
    if (fd < 0)
        return not_open(fd);
    if (__builtin_expect(lgi_forked, 0))
        lgi_refuse_after_fork();
    struct lgi_g *g = lgi_self();
    return lgi_on_fiber(g) ? wait_on_fiber(g, fd, generation, events, until, revents)
                           : wait_on_thread(g, fd, generation, events, until, revents);
}

lg_error *lgi_wait_fd(int fd, short events, lg_until until, short *revents)
{
    return lgi_wait_fd_of(fd, lgi_fd_generation(fd), events, until, revents);
}
