#define _GNU_SOURCE
#include "poll/poll.h"

#include <errno.h>
#include <fcntl.h>
#include <lifoguard/file.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "closers/own_fd.h"
#include "error/keep_errno.h"
#include "error/libc.h"
#include "poll/descriptor.h"
#include "sched/futex.h"
#include "sched/runtime.h"
#include "time/clock.h"

/* ---- a worker's instance ---- */

/* What an event is about: a descriptor and its generation; or the worker's own, which wakes it. */
enum { GENERATION_SHIFT = 32 };
#define WAKES UINT64_MAX

static bool open_epoll(struct lgi_worker *w)
{
    if (w->epoll >= 0)
        return true;
    int event[2], epoll = lgi_own_fd(epoll_create1(EPOLL_CLOEXEC));
    struct epoll_event wake = {.events = EPOLLIN | EPOLLET, .data.u64 = WAKES};
    if (epoll < 0)
        return false;
    bool has_event = lgi_own_event(event) == 0;
    if (!has_event || epoll_ctl(epoll, EPOLL_CTL_ADD, event[0], &wake) != 0) {
        close(epoll);
        if (has_event)
            lgi_close_event(event);
        return false;
    }
    memcpy(w->event, event, sizeof(event));
    w->epoll = epoll;
    return true;
}

void lgi_poll_wake(struct lgi_worker *w)
{
    lgi_event_signal(w->event[1]);
}

/* An eventfd, which tells of each write, is never read. But a pipe would fill up. */
static void was_woken(const struct lgi_worker *w)
{
    char some[256];
    while (w->event[0] != w->event[1] && read(w->event[0], some, sizeof(some)) > 0)
        ;
}

/* ---- streams ---- */

/* What a worker's instance knows of a stream, which stays in it from wait to wait. */
struct lgi_kept {
    uint64_t reader; /* the goroutine that armed it: no other trusts what is kept */
    uint32_t life;
    bool registered;
    short ready; /* POLLIN: perhaps; POLLRDHUP and the like: for ever */
    bool urgent; /* there was urgent data: a read ends before it, though there is more */
};

static struct lgi_kept *kept_of(struct lgi_worker *w, int fd)
{
    if ((size_t)fd >= w->kept_capacity || !w->kept[fd].registered)
        return NULL;
    const struct lgi_fd *entry = lgi_fd_known(fd);
    struct lgi_kept *kept = &w->kept[fd];
    return kept->life == __atomic_load_n(&entry->life, __ATOMIC_ACQUIRE) ? kept : NULL;
}

/* Room for a descriptor. */
static bool reserve(struct lgi_worker *w, int fd)
{
    enum { FIRST = 64 };
    if ((size_t)fd < w->kept_capacity)
        return true;
    size_t capacity = w->kept_capacity ? w->kept_capacity * 2 : FIRST;
    if (capacity <= (size_t)fd)
        capacity = (size_t)fd + 1;
    struct lgi_kept *kept = realloc(w->kept, capacity * sizeof(*kept));
    if (!kept)
        return false;
    memset(kept + w->kept_capacity, 0, (capacity - w->kept_capacity) * sizeof(*kept));
    w->kept = kept;
    w->kept_capacity = capacity;
    return true;
}

bool lgi_fd_may_be_read(int fd)
{
    const struct lgi_kept *kept = lgi_worker ? kept_of(lgi_worker, fd) : NULL;
    return !kept || kept->ready != 0 || kept->reader != lg_goroutine_id();
}

void lgi_fd_was_drained(int fd, bool empty)
{
    struct lgi_kept *kept = lgi_worker ? kept_of(lgi_worker, fd) : NULL;
    if (kept && !(kept->urgent && !empty))
        kept->ready = (short)(kept->ready & ~POLLIN);
}

void lgi_fd_is_no_stream(int fd)
{
    struct lgi_fd *entry = lgi_fd_known(fd);
    if (!entry)
        return;
    lgi_lock(&entry->lock);
    entry->stream = false;
    lgi_unlock(&entry->lock);
    if (lgi_worker && (size_t)fd < lgi_worker->kept_capacity)
        lgi_worker->kept[fd].registered = false;
}

/* ---- arming ---- */

/* Arms a descriptor for those of this worker who wait for it. 0, or an errno value. */
static int arm(struct lgi_worker *w, int fd, struct lgi_fd *entry)
{
    struct epoll_event event = {.events = 0};
    bool has_room = reserve(w, fd);
    lgi_lock(&entry->lock);
    for (struct lgi_waiter *waiter = entry->waiters.first; waiter; waiter = waiter->next) {
        if (waiter->g->worker == w)
            event.events |= (unsigned short)lgi_fd_wait_of(waiter)->events;
    }
    bool keeps = entry->stream && has_room;
    uint32_t generation = entry->generation, life = entry->life;
    lgi_unlock(&entry->lock);
    event.events |= keeps ? (uint32_t)EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLET
                          : (uint32_t)EPOLLONESHOT;
    event.data.u64 = (uint64_t)generation << GENERATION_SHIFT | (unsigned)fd;
    if (epoll_ctl(w->epoll, EPOLL_CTL_MOD, fd, &event) != 0 &&
        (errno != ENOENT || epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &event) != 0))
        return errno;
    if (has_room && !(keeps && kept_of(w, fd)))
        w->kept[fd] = (struct lgi_kept){.life = life, .registered = keeps};
    return 0;
}

/* Wakes those of this worker who wait for one of `events`; for each of them the first only, who may leave nothing to
 * the others, unless it has hung up. True if it has to be armed for others. */
static bool wake(struct lgi_worker *w, struct lgi_fd *entry, uint32_t generation, short events,
                 bool stays_armed)
{
    struct lgi_woken woken = {0};
    short rest = events;
    bool others = false;
    lgi_lock(&entry->lock);
    struct lgi_waiter *waiter = entry->generation == generation ? entry->waiters.first : NULL;
    for (struct lgi_waiter *next; waiter; waiter = next) {
        next = waiter->next;
        struct lgi_fd_wait *wait = lgi_fd_wait_of(waiter);
        if (waiter->g->worker != w)
            continue;
        short relevant = (short)(rest & (wait->events | LGI_FD_ALWAYS));
        if (!relevant) {
            others |= !stays_armed || events & wait->events;
            continue;
        }
        lgi_waiters_remove(&entry->waiters, waiter);
        if (!lgi_claim(waiter->g, LGI_READY))
            continue;
        wait->revents = relevant;
        rest = (short)(rest & (~relevant | LGI_FD_ALWAYS));
        lgi_woken_add(&woken, waiter);
    }
    lgi_unlock(&entry->lock);
    lgi_unpark_all(&woken);
    return others;
}

/* Arms the descriptor for the other waits. If that fails, ends them: their callers find out why. */
static void arm_again(struct lgi_worker *w, int fd, struct lgi_fd *entry, uint32_t generation)
{
    if (arm(w, fd, entry) != 0)
        wake(w, entry, generation, POLLNVAL, true);
}

static void happened(struct lgi_worker *w, uint64_t about, short events)
{
    int fd = (int)(uint32_t)about;
    struct lgi_fd *entry = lgi_fd_known(fd);
    uint32_t generation = (uint32_t)(about >> GENERATION_SHIFT);
    struct lgi_kept *kept = kept_of(w, fd);
    if (kept) {
        kept->ready = (short)(kept->ready | (events & (POLLIN | POLLRDHUP | POLLHUP | POLLERR)));
        kept->urgent |= (events & POLLPRI) != 0;
    }
    if (wake(w, entry, generation, events, kept != NULL))
        arm_again(w, fd, entry, generation);
}

/* ---- waits that trust what is kept ---- */

static void trust(struct lgi_worker *w, struct lgi_fd_wait *wait)
{
    if (!w->trusting && !w->trusting_longer)
        w->verify_at = 0;
    wait->trusting = true;
    wait->link = &w->trusting;
    wait->next = w->trusting;
    if (wait->next)
        wait->next->link = &wait->next;
    w->trusting = wait;
}

static void trust_no_more(struct lgi_fd_wait *wait)
{
    if (!wait->trusting)
        return;
    wait->trusting = false;
    *wait->link = wait->next;
    if (wait->next)
        wait->next->link = wait->link;
}

/* A goroutine may have closed a descriptor by close(2), and have got another of the same number: what is kept is then about
 * the old one. So descriptors that have been waited for for some time without being armed are armed now. Returns when the
 * next call is due. */
static lg_duration verify(struct lgi_worker *w)
{
    enum { AFTER_MS = 100 };
    struct lgi_fd_wait *wait;
    if (!w->trusting && !w->trusting_longer)
        return LG_DURATION_MAX;
    lg_time now = lgi_real_now();
    if (w->verify_at == 0)
        w->verify_at = now + AFTER_MS * LG_MILLISECOND;
    if (now < w->verify_at)
        return w->verify_at;
    while ((wait = w->trusting_longer)) {
        trust_no_more(wait);
        struct lgi_fd *entry = lgi_fd_known(wait->fd);
        arm_again(w, wait->fd, entry, lgi_fd_generation(wait->fd));
    }
    w->trusting_longer = w->trusting;
    if (w->trusting_longer)
        w->trusting_longer->link = &w->trusting_longer;
    w->trusting = NULL;
    w->verify_at = w->trusting_longer ? now + AFTER_MS * LG_MILLISECOND : 0;
    return w->trusting_longer ? w->verify_at : LG_DURATION_MAX;
}

/* ---- events ---- */

static int await_events(int epoll, struct epoll_event *events, int most, lg_duration rest)
{
    static bool without_pwait2; /* Linux before 5.11, qemu-user, some containers. Atomic */
    if (!__atomic_load_n(&without_pwait2, __ATOMIC_RELAXED)) {
        const struct timespec time = lgi_timespec(rest);
        int count = lgi_epoll_wait_for(epoll, events, most, rest == LG_DURATION_MAX ? NULL : &time);
        if (count >= 0 || errno == EINTR)
            return count;
        if (lgi_is_refused(errno))
            __atomic_store_n(&without_pwait2, true, __ATOMIC_RELAXED);
    }
    return epoll_wait(epoll, events, most, lgi_milliseconds(rest));
}

void lgi_poll(struct lgi_worker *w, lg_time until)
{
    enum { AT_ONCE = 128, NAP_MS = 10 };
    struct epoll_event events[AT_ONCE];
    LGI_KEEP_ERRNO;

    if (w->epoll < 0)
        return;
    lg_duration next = verify(w);
    if (until > next)
        until = next;
    lg_duration rest = until > 0 ? lgi_time_left(until) : 0;
    int count = await_events(w->epoll, events, AT_ONCE, rest);
    if (count < 0 && errno != EINTR && rest > 0) { /* whatever it is, it must not become a loop */
        lg_duration nap = lgi_time_in(NAP_MS * LG_MILLISECOND);
        lgi_futex_wait(&w->state, LGI_W_ON_EPOLL, until < nap ? until : nap);
    }
    for (int i = 0; i < count; i++) {
        if (events[i].data.u64 == WAKES)
            was_woken(w);
        else
            happened(w, events[i].data.u64, (short)events[i].events);
    }
}

/* ---- waiting ---- */

/* The caller has begun to wait, and does not wait after all. If the wait was ended meanwhile, waits for the unpark. Returns
 * what the wait was ended as. */
static uint32_t withdraw(struct lgi_g *g)
{
    if (!lgi_claim(g, LGI_READY))
        return lgi_park_through(g);
    g->waits_for = NULL;
    return LGI_READY;
}

/* No other goroutine waits for the descriptor, which could take what comes and leave some of it. */
static bool is_alone(struct lgi_fd *entry, const struct lgi_fd_wait *wait)
{
    lgi_lock(&entry->lock);
    bool alone = entry->waiters.first == &wait->waiter && !wait->waiter.next;
    lgi_unlock(&entry->lock);
    return alone;
}

/* Arms the descriptor, unless what is kept of it can be trusted. Returns 0 or an errno value. */
static int arm_or_trust(struct lgi_worker *w, struct lgi_fd *entry, struct lgi_fd_wait *wait)
{
    struct lgi_kept *kept = kept_of(w, wait->fd);
    uint64_t self = wait->waiter.g->start->id;
    int failed = 0;
    if (kept && kept->ready == 0 && kept->reader == self && wait->events == POLLIN &&
        is_alone(entry, wait))
        trust(w, wait);
    else
        failed = arm(w, wait->fd, entry);
    if ((kept = kept_of(w, wait->fd)))
        kept->reader = self;
    return failed;
}

/* The descriptor cannot be armed: it is a regular file, which poll(2) says is ready, or the call is refused. */
static lg_error *wait_unarmed(int failed, struct lgi_fd_wait *wait, uint32_t generation,
                              lg_until until, short *revents)
{
    uint32_t claim = withdraw(wait->waiter.g);
    lgi_fd_leave(lgi_fd_known(wait->fd), wait);
    if (claim != LGI_READY)
        return lgi_fd_wait_result(wait, claim, until, revents);
    /* What is not open may be the worker's own descriptor: closefrom(3) knows no difference. */
    return failed == EBADF && fcntl(wait->fd, F_GETFD) < 0
               ? lgi_fd_not_open(wait->fd)
               : lgi_wait_by_polling(wait->fd, generation, wait->events, until, revents);
}

/* The descriptor is armed. Returns what the wait was ended as. */
static uint32_t park_armed(struct lgi_worker *w, struct lgi_fd *entry, struct lgi_fd_wait *wait,
                           lg_until until)
{
    __atomic_store_n(&w->fd_waiters, w->fd_waiters + 1, __ATOMIC_RELAXED);
    lgi_wait_outside(wait->waiter.g);
    uint32_t claim = lgi_park(wait->waiter.g, until);
    __atomic_store_n(&w->fd_waiters, w->fd_waiters - 1, __ATOMIC_RELAXED);
    trust_no_more(wait);
    lgi_fd_leave(entry, wait);
    return claim;
}

static lg_error *wait_on_fiber(struct lgi_g *g, int fd, uint32_t generation, short events,
                               lg_until until, short *revents)
{
    struct lgi_worker *w = g->worker;
    struct lgi_fd_wait wait = {.waiter = {.g = g}, .fd = fd, .events = events};
    struct lgi_fd *entry = lgi_fd_get(fd);

    if (!entry || !open_epoll(w))
        return lgi_wait_by_polling(fd, generation, events, until, revents);
    lgi_wait_begin(g, "descriptor");
    if (!lgi_fd_enter(entry, generation, &wait)) {
        uint32_t claim = withdraw(g);
        return claim < LGI_READY ? lgi_wait_failed(claim, until) : &lg_error_closed;
    }
    int failed = arm_or_trust(w, entry, &wait);
    if (failed)
        return wait_unarmed(failed, &wait, generation, until, revents);
    uint32_t claim = park_armed(w, entry, &wait, until);
    return lgi_fd_wait_result(&wait, claim, until, revents);
}

/* ---- for everyone ---- */

lg_error *lgi_wait_fd_of(int fd, uint32_t generation, short events, lg_until until, short *revents)
{
    if (fd < 0)
        return lgi_fd_not_open(fd);
    if (__builtin_expect(lgi_forked, 0))
        lgi_refuse_after_fork();
    struct lgi_g *g = lgi_self();
    return lgi_on_fiber(g) ? wait_on_fiber(g, fd, generation, events, until, revents)
                           : lgi_wait_fd_on_thread(g, fd, generation, events, until, revents);
}

lg_error *lgi_wait_fd(int fd, short events, lg_until until, short *revents)
{
    return lgi_wait_fd_of(fd, lgi_fd_generation(fd), events, until, revents);
}
