#include "sched/idle.h"

#include <string.h>

#include "sched/fiber.h"
#include "sched/futex.h"
#include "sched/hooks.h"
#include "sched/ready.h"
#include "sched/request.h"
#include "sched/runtime.h"
#include "sched/shortage.h"
#include "sched/ticks.h"
#include "time/clock.h"

/* How long a worker looks for work before it sleeps: usually, and while one of its last few times of idleness was so short
 * that the next will probably end while the worker looks. (Waking a thread takes longer if its processor has gone idle.) */
enum {
    SPIN_US = 10,
    LONGER_SPIN_US = 100,
    SHORT_IDLE_US = 200,
    LONGER_SPINS = 8,
    HAND_OVER_US = 1
};

/* How often the watcher looks at the other workers: at first, or when it has found something; and at last. */
#define WATCH_LEAST (50 * LG_MICROSECOND)
#define WATCH_MOST (10 * LG_MILLISECOND)
/* After this time a worker tries again whether there is memory for a stack. */
#define RETRY_AFTER (10 * LG_MILLISECOND)
/* A worker whose timers are that late is busy. */
#define LATE LG_MILLISECOND

static _Atomic unsigned awake;               /* workers */
static _Atomic(struct lgi_worker *) watcher; /* NULL: none */
static _Atomic bool kick = true; /* the next lg_go has to wake a worker, which then watches */
static _Atomic(struct lgi_worker *) spinner; /* one at a time */

bool lgi_all_asleep(void)
{
    return atomic_load(&awake) == 0;
}

/* ---- waking a worker ---- */

/* Wakes some worker, if one sleeps. */
static bool wake_a_worker(void)
{
    unsigned count = lgi_worker_count();
    for (unsigned i = 0; i < count; i++) {
        struct lgi_worker *w = lgi_workers[i];
        /* (Not a mere load: a worker that is found awake goes to sleep after this, so it sees what was put in a queue.) */
        if (w != lgi_worker && lgi_may_start(w) && atomic_fetch_or(&w->state, 0) != LGI_W_AWAKE) {
            lgi_worker_wake(w);
            return true;
        }
    }
    return false;
}

void lgi_task_enqueued(bool by_worker)
{
    if (by_worker &&
        (!atomic_load_explicit(&kick, memory_order_relaxed) || !atomic_exchange(&kick, false)))
        return;
    if (!wake_a_worker())
        lgi_worker_add();
}

/* ---- looking for work ---- */

static bool has_work(struct lgi_worker *w)
{
    return w->ready || atomic_load(&w->inbox) || lgi_is_asked(&w->asked, __ATOMIC_SEQ_CST) ||
           (!lgi_is_short(w) && lgi_tasks_waiting(w) > 0);
}

/* The spinner before this one may just have been given work, by this worker even, and not have seen it yet. */
static bool become_spinner(struct lgi_worker *w)
{
    struct lgi_worker *none = NULL;
    uint64_t start = lgi_ticks();
    while (!atomic_compare_exchange_strong(&spinner, &none, w)) {
        if (lgi_ticks_passed(start, HAND_OVER_US))
            return false;
        lgi_pause();
        none = NULL;
    }
    return true;
}

/* Waits for a short time. Only for a worker without descriptors, whose events it would not see. */
static bool spin(struct lgi_worker *w)
{
    if (w->fd_waiters > 0 || !lgi_may_spin() || !become_spinner(w))
        return false;
    bool found = false;
    uint64_t start = lgi_ticks();
    unsigned us = w->longer_spins > 0 ? LONGER_SPIN_US : SPIN_US;
    while (!(found = has_work(w)) && !lgi_ticks_passed(start, us))
        lgi_pause();
    atomic_store(&spinner, NULL);
    return found;
}

/* Does what there is to do without a goroutine; true: there is a goroutine to run, or a request. */
static bool find_work(struct lgi_worker *w)
{
    do {
        if (w->fd_waiters > 0)
            lgi_sched_hooks.poll(w, 0);
        lgi_timers_run(&w->timers, lgi_real_now());
        if (lgi_shortage_is_over(w) || has_work(w))
            return true;
    } while (lgi_fibers_give_back(w));
    return false;
}

/* ---- watching ---- */

/* Takes goroutines from a worker that has begun none of them since the last time. Returns whether the worker has waiting
 * goroutines or has begun some. */
static bool watch_tasks(struct lgi_worker *w, struct lgi_worker *other, struct lgi_seen *seen)
{
    unsigned waiting = lgi_run_queue_count(&other->starts);
    unsigned taken = lgi_run_queue_taken(&other->starts);
    bool stuck = waiting > 0 && seen->count > 0 && seen->taken == taken;
    bool busy = waiting > 0 || seen->taken != taken;
    if (stuck && lgi_may_start(w))
        lgi_run_queue_steal(&other->starts, &w->starts);
    *seen = (struct lgi_seen){waiting, taken};
    return busy;
}

/* Runs the late timers of a worker that is busy. */
static void watch_timers(struct lgi_worker *other, lg_time now)
{
    lg_time next = lgi_timers_next(&other->timers);
    if (next != LG_DURATION_MAX && next < now - LATE && atomic_load(&other->state) == LGI_W_AWAKE)
        lgi_timers_run(&other->timers, now);
}

/* Returns whether another worker is busy, so that the next look should be soon. */
static bool watch(struct lgi_worker *w, struct lgi_seen *seen)
{
    bool busy = false;
    lg_time now = lgi_real_now();
    unsigned count = lgi_worker_count();
    for (unsigned i = 0; i < count; i++) {
        if (lgi_workers[i] == w)
            continue;
        busy |= watch_tasks(w, lgi_workers[i], &seen[i]);
        watch_timers(lgi_workers[i], now);
    }
    return busy;
}

static bool can_watch(const struct lgi_worker *w)
{
    return w->seen && lgi_may_start(w);
}

static bool become_watcher(struct lgi_worker *w)
{
    struct lgi_worker *none = NULL;
    return can_watch(w) &&
           (atomic_load(&watcher) == w || atomic_compare_exchange_strong(&watcher, &none, w));
}

/* False: the worker was not the watcher. */
static bool stop_watching(struct lgi_worker *w)
{
    struct lgi_worker *me = w;
    return atomic_load(&watcher) == w && atomic_compare_exchange_strong(&watcher, &me, NULL);
}

/* There is no watcher: sees to it that another worker becomes the watcher. */
static void find_watcher(void)
{
    if (atomic_load(&awake) >= lgi_worker_count() || !wake_a_worker())
        lgi_worker_add();
}

/* Does the worker leave goroutines waiting to start while it runs what it has found? */
static bool leaves_some(struct lgi_worker *w)
{
    unsigned own = w->ready || atomic_load(&w->inbox) ? 0 : 1;
    return lgi_tasks_waiting(w) > own;
}

/* The worker has found work. It may have been the watcher, or have been woken to become the watcher. */
static void note_found_work(struct lgi_worker *w)
{
    stop_watching(w);
    if (atomic_load(&watcher))
        return;
    if (!atomic_load(&kick))
        atomic_store(&kick, true);
    if (atomic_load(&awake) > 1 || leaves_some(w))
        find_watcher();
}

void lgi_idle_thread_begin(struct lgi_worker *w)
{
    atomic_fetch_add(&awake, 1);
    if (has_work(w))
        note_found_work(w);
}

/* ---- sleeping ---- */

/* One stretch of idleness of a worker. */
struct idling {
    struct lgi_worker *worker;
    lg_duration period;    /* of a watcher, between two looks */
    struct lgi_seen *seen; /* by the watcher; NULL: it has not looked yet */
    bool watching;
    bool last; /* no other worker is awake */
};

/* Another worker is awake, and the watcher has turned busy since this worker found it watching. */
static bool should_watch(const struct idling *idling)
{
    return !idling->last && !idling->watching && !atomic_load(&watcher) &&
           can_watch(idling->worker);
}

/* With `state` announced, everyone who makes work for the worker either wakes it or is seen here. */
static bool may_sleep(const struct idling *idling, lg_time until)
{
    struct lgi_worker *w = idling->worker;
    bool woken = (idling->last && atomic_load(&awake) > 0) || atomic_load(&w->inbox) ||
                 lgi_is_asked(&w->asked, __ATOMIC_SEQ_CST) || atomic_exchange(&w->nudged, false);
    bool can_begin = lgi_tasks_waiting(w) > 0 && !lgi_is_short(w);
    return !woken && !can_begin && !should_watch(idling) &&
           lgi_timers_next_before_sleep(&w->timers) >= until;
}

/* (Not a mere store: what was made for the worker, by somebody who has woken it meanwhile, is seen from here on.) */
static void publish_awake(struct lgi_worker *w)
{
    atomic_exchange(&w->state, LGI_W_AWAKE);
}

static void sleep_until(const struct idling *idling, lg_time until)
{
    struct lgi_worker *w = idling->worker;
    uint32_t how = w->fd_waiters > 0 ? LGI_W_ON_EPOLL : LGI_W_ON_FUTEX;
    atomic_exchange(&w->state, how);
    if (idling->last) /* another worker that wakes now has nobody who watches it */
        atomic_store(&kick, true);
    if (!may_sleep(idling, until)) {
        publish_awake(w);
        return;
    }
    if (how == LGI_W_ON_EPOLL)
        lgi_sched_hooks.poll(w, until);
    else
        lgi_futex_wait(&w->state, LGI_W_ON_FUTEX, until);
    publish_awake(w);
}

static lg_time earlier(lg_time a, lg_time b)
{
    return a < b ? a : b;
}

/* Sleeps once, as a worker that does not count as awake. */
static void nap(const struct idling *idling)
{
    struct lgi_worker *w = idling->worker;
    lg_time until = lgi_timers_next(&w->timers), now = lgi_real_now();
    if (idling->watching)
        until = earlier(until, now + idling->period);
    atomic_fetch_add(&w->naps, 1);
    if (idling->last && until == LG_DURATION_MAX)
        lgi_sched_hooks.last_asleep(&until);
    if (lgi_is_short(w))
        until = earlier(until, now + RETRY_AFTER);
    sleep_until(idling, until);
    atomic_fetch_add(&awake, 1);
    atomic_fetch_add(&w->naps, 1);
}

/* The first look of a watcher; true: it has found work. */
static bool begin_watch(struct idling *idling)
{
    struct lgi_worker *w = idling->worker;
    if (idling->seen)
        return false;
    idling->seen = w->seen;
    memset(w->seen, 0, LGI_WORKERS_MOST * sizeof(*w->seen));
    watch(w, w->seen);
    return has_work(w);
}

/* The look of a watcher after a nap. Its period grows while there is nothing to be seen. */
static void go_on_watching(struct idling *idling)
{
    if (idling->watching && watch(idling->worker, idling->seen))
        idling->period = WATCH_LEAST;
    else if (idling->period < WATCH_MOST)
        idling->period *= 2;
    if (!idling->watching)
        idling->seen = NULL;
}

/* Sleeps once, unless there is work for a watcher: then returns false. */
static bool sleep_once(struct idling *idling)
{
    idling->last = atomic_fetch_sub(&awake, 1) == 1;
    idling->watching = !idling->last && become_watcher(idling->worker);
    /* (A worker that sleeps without a limit must not seem to watch.) */
    if (!idling->watching && stop_watching(idling->worker) && !idling->last)
        find_watcher();
    if (idling->watching && begin_watch(idling)) {
        atomic_fetch_add(&awake, 1);
        return false;
    }
    if (!idling->watching || idling->period >= WATCH_MOST)
        atomic_store(&kick, true);
    nap(idling);
    go_on_watching(idling);
    return true;
}

void lgi_worker_idle(struct lgi_worker *w)
{
    struct idling idling = {.worker = w, .period = WATCH_LEAST};
    uint64_t start = lgi_ticks();
    if (spin(w))
        return;
    while (!find_work(w) && sleep_once(&idling))
        ;
    if (!lgi_ticks_passed(start, SHORT_IDLE_US))
        w->longer_spins = LONGER_SPINS;
    else if (w->longer_spins > 0)
        w->longer_spins--;
    atomic_fetch_add_explicit(&w->rounds, 1, memory_order_relaxed);
    note_found_work(w);
}
