#define _GNU_SOURCE
#include "sched/park.h"

#include <errno.h>

#include "error/keep_errno.h"
#include "error/libc.h"
#include "error/ordering.h"
#include "sched/bubble.h"
#include "sched/futex.h"
#include "sched/hooks.h"
#include "sched/identity.h"
#include "sched/runtime.h"
#include "sched/state_lock.h"
#include "time/clock.h"

LG_ERROR_DEFINE_ERRNO(lg_error_deadline_exceeded, ETIMEDOUT, "deadline exceeded");
LG_ERROR_DEFINE_ERRNO(lg_error_cancelled, ECANCELED, "cancelled");

/* A thread's futex. */
enum { PARKED, UNPARKED, ASLEEP };

/* ---- claims ---- */

void lgi_wait_begin(struct lgi_g *g, const char *what)
{
    g->waits_for = what;
    g->held = NULL;
    g->under = 0;
    if (!g->worker)
        __atomic_store_n(&g->futex, PARKED, __ATOMIC_RELAXED);
    __atomic_store_n(&g->claim, LGI_WAITING, __ATOMIC_RELEASE);
}

void lgi_wait_begin_under(struct lgi_g *g, const char *what, uint32_t *lock)
{
    lgi_wait_begin(g, what);
    g->under = (uintptr_t)lock;
}

void lgi_wait_begin_under_state(struct lgi_g *g, const char *what, int64_t *state)
{
    lgi_wait_begin(g, what);
    g->under = (uintptr_t)state | LGI_UNDER_STATE;
}

static bool claim_under_lock(struct lgi_g *g, uint32_t as, uint32_t *lock)
{
    (void)lgi_lock_whole(lock); /* (not for the first time in a child: it waits there) */
    bool claimed = lgi_claim(g, as);
    lgi_unlock_lists(lock);
    return claimed;
}

static bool claim_under_state(struct lgi_g *g, uint32_t as, int64_t *state)
{
    int64_t unlocked = lgi_state_lock(state); /* (of this process: it waits there) */
    bool claimed = lgi_claim(g, as);
    lgi_state_unlock(state, unlocked);
    return claimed;
}

bool lgi_claim_from_outside(struct lgi_g *g, uint32_t as)
{
    if (__atomic_load_n(&g->claim, __ATOMIC_ACQUIRE) != LGI_WAITING)
        return false; /* its last wait is over, and the object with the lock may be gone */
    if (g->under & LGI_UNDER_STATE)
        return claim_under_state(g, as, (int64_t *)(g->under - LGI_UNDER_STATE));
    if (g->under)
        return claim_under_lock(g, as, (uint32_t *)g->under);
    return lgi_claim(g, as);
}

static __attribute__((noinline)) void unpark_thread(struct lgi_g *g)
{
    int event = __atomic_load_n(&g->event, __ATOMIC_RELAXED);
    /* From here on the thread may go on, and end: what is below is only its address. */
    if (__atomic_exchange_n(&g->futex, UNPARKED, __ATOMIC_ACQ_REL) == ASLEEP)
        lgi_futex_wake(&g->futex, 1);
    if (event > 0)
        lgi_event_signal(event);
}

static inline void unpark(struct lgi_g *g)
{
    if (g->worker)
        lgi_worker_ready(g);
    else
        unpark_thread(g);
}

static __attribute__((noinline, cold)) void unpark_in_bubble(struct lgi_g *g)
{
    if (g->bubble)
        lgi_bubble_unpark(g);
    unpark(g);
}

void lgi_unpark(struct lgi_g *g)
{
    lgi_releases(&g->claim);
    if (lgi_bubbles_exist())
        unpark_in_bubble(g);
    else
        unpark(g);
}

/* ---- waiting ---- */

/* The deadline of a wait. */
struct parked {
    struct lgi_timer timer;
    struct lgi_g *g;
};

static void time_out(struct lgi_timer *timer, lg_time now)
{
    struct parked *parked = (struct parked *)timer; /* its first member */
    (void)now;
    if (lgi_claim(parked->g, LGI_TIMED_OUT))
        lgi_unpark(parked->g);
}

static bool unparked(struct lgi_g *g)
{
    return __atomic_load_n(&g->futex, __ATOMIC_ACQUIRE) == UNPARKED;
}

/* Returns whether the thread was unparked meanwhile. */
static bool spin(struct lgi_g *g)
{
    enum { SPINS = 200 };
    for (int i = 0; i < SPINS && lgi_may_spin(); i++) {
        if (unparked(g))
            return true;
        lgi_pause();
    }
    return false;
}

/* Does the thread end its wait itself, because it is to end or its deadline has passed? */
static bool ends_wait(struct lgi_g *g, lg_time *deadline)
{
    if (__atomic_load_n(&g->stop, __ATOMIC_SEQ_CST) && g->may_be_stopped &&
        lgi_claim_from_outside(g, LGI_STOPPED))
        return true;
    if (*deadline == LG_DURATION_MAX || lgi_real_now() < *deadline)
        return false;
    if (lgi_claim(g, LGI_TIMED_OUT))
        return true;
    *deadline = LG_DURATION_MAX; /* the thread is being unparked */
    return false;
}

/* From here on, who wants something of the thread wakes it. Who wanted something before is seen by the thread, which looks
 * after this. */
static void announce_sleep(struct lgi_g *g)
{
    uint32_t parked = PARKED;
    __atomic_compare_exchange_n(&g->futex, &parked, ASLEEP, false, __ATOMIC_SEQ_CST,
                                __ATOMIC_ACQUIRE);
}

/* ThreadSanitizer keeps a signal back until the thread calls a function of the C library that it knows, and the wait in
 * the kernel goes on after the signal. So such a function is called now and then: one that is no cancellation point, since what
 * the thread has put into lists is on its stack. */
static void sleep_watched(struct lgi_g *g, lg_time until)
{
    const lg_time look = lgi_time_in(20 * LG_MILLISECOND);
    lgi_futex_wait(&g->futex, ASLEEP, until < look ? until : look);
    (void)lgi_real_now();
}

static void sleep_once(struct lgi_g *g, lg_time until, bool for_ever)
{
    __atomic_store_n(&g->state, LGI_G_PARKED, __ATOMIC_SEQ_CST);
    if (for_ever && lgi_all_asleep())
        lgi_sched_hooks.last_asleep(&until);
    if (lgi_is_watched_by_tsan())
        sleep_watched(g, until);
    else
        lgi_futex_wait(&g->futex, ASLEEP, until);
}

/* A wait without a deadline begins, or ends. */
static void count_for_ever(struct lgi_g *g, bool for_ever)
{
    if (for_ever)
        __atomic_fetch_add(&g->for_ever, 1, __ATOMIC_SEQ_CST);
}

/* Returns whether the thread was unparked; otherwise it has ended its wait itself. */
static bool wait_on_thread(struct lgi_g *g, lg_time deadline)
{
    bool for_ever = deadline == LG_DURATION_MAX, ended = false;
    if (spin(g))
        return true;
    count_for_ever(g, for_ever);
    for (;;) {
        announce_sleep(g);
        if (unparked(g))
            break;
        if (__atomic_load_n(&g->asked, __ATOMIC_ACQUIRE))
            lgi_thread_answer(g);
        ended = ends_wait(g, &deadline);
        if (ended)
            break;
        sleep_once(g, deadline, for_ever);
    }
    count_for_ever(g, for_ever);
    return !ended;
}

void lgi_thread_recheck(struct lgi_g *g)
{
    uint32_t asleep = ASLEEP;
    if (__atomic_compare_exchange_n(&g->futex, &asleep, PARKED, false, __ATOMIC_SEQ_CST,
                                    __ATOMIC_RELAXED))
        lgi_futex_wake(&g->futex, 1);
}

static void wait_on_fiber(struct lgi_g *g, lg_time deadline)
{
    struct parked parked;

    g->state = LGI_G_PARKED;
    if (deadline == LG_DURATION_MAX) {
        lgi_worker_leave(g);
        return;
    }
    parked.timer = (struct lgi_timer){.fire = time_out};
    parked.g = g;
    lgi_timer_start(&parked.timer, deadline);
    lgi_worker_leave(g);
    lgi_timer_stop(&parked.timer);
}

/* The wait of a member of a bubble, whose deadline is on the bubble's clock. */
static void wait_in_bubble(struct lgi_g *g, lg_time deadline)
{
    struct parked parked = {.timer.fire = time_out, .g = g};
    bool limited = deadline != LG_DURATION_MAX, unparked = true;
    if (limited && deadline <= lgi_bubble_now() && lgi_claim(g, LGI_TIMED_OUT))
        return;
    if (limited)
        lgi_timer_start(&parked.timer, deadline);
    g->state = LGI_G_PARKED;
    bool durably = lgi_bubble_block(g);
    if (g->worker)
        lgi_worker_leave(g);
    else
        unparked = wait_on_thread(g, LG_DURATION_MAX);
    if (limited)
        lgi_timer_stop(&parked.timer);
    lgi_bubble_unblocked(g, durably, unparked);
}

/* A goroutine is told to stop by its own worker. A thread is told by another thread, which sees this store, or this thread
 * sees that it is told. */
static void set_may_be_stopped(struct lgi_g *g, bool may_be_stopped)
{
    if (g->worker)
        g->may_be_stopped = may_be_stopped;
    else
        __atomic_store_n(&g->may_be_stopped, may_be_stopped, __ATOMIC_SEQ_CST);
}

/* Does the caller end its wait itself before it has begun? Then nobody will unpark it. */
static bool is_over_at_once(struct lgi_g *g, lg_until until, struct lgi_waiter *watch)
{
    return !lgi_until_watch(g, until, watch) ||
           (g->may_be_stopped && __atomic_load_n(&g->stop, __ATOMIC_SEQ_CST) &&
            lgi_claim_from_outside(g, LGI_STOPPED));
}

static uint32_t park(struct lgi_g *g, lg_until until, bool may_be_stopped)
{
    LGI_KEEP_ERRNO;
    struct lgi_waiter watch;

    g->has_deadline = until.lgi_deadline != LG_DURATION_MAX;
    set_may_be_stopped(g, may_be_stopped && !g->stopped);
    if (!is_over_at_once(g, until, &watch)) {
        if (g->bubble)
            wait_in_bubble(g, until.lgi_deadline);
        else if (g->worker)
            wait_on_fiber(g, until.lgi_deadline);
        else
            (void)wait_on_thread(g, until.lgi_deadline);
    }
    g->outside = false;
    g->waits_for = NULL;
    __atomic_store_n(&g->state, LGI_G_RUNNING, __ATOMIC_RELAXED);
    uint32_t claim = __atomic_load_n(&g->claim, __ATOMIC_ACQUIRE);
    lgi_acquired(&g->claim);
    lgi_until_unwatch(g, until, &watch, claim);
    return claim;
}

/* In a child after fork only a thread can end its own wait, at its deadline. */
static inline void refuse_in_child(const struct lgi_g *g, bool for_ever)
{
    if (__builtin_expect(lgi_forked, 0) && (g->worker || for_ever))
        lgi_refuse_after_fork();
}

uint32_t lgi_park_otherwise(struct lgi_g *g, lg_until until)
{
    refuse_in_child(g, until.lgi_deadline == LG_DURATION_MAX);
    return park(g, until, true);
}

uint32_t lgi_park_through(struct lgi_g *g)
{
    return lgi_park_through_until(g, LG_DURATION_MAX);
}

uint32_t lgi_park_through_until(struct lgi_g *g, lg_time deadline)
{
    refuse_in_child(g, deadline == LG_DURATION_MAX);
    return park(g, lg_until_deadline(deadline), false);
}

uint32_t lgi_park_for_owner(struct lgi_g *g)
{
    refuse_in_child(g, false);
    return park(g, lg_until_forever(), false);
}

void lgi_note_done(struct lgi_g *g, lg_until until)
{
    g->done_error = until.lgi_done->error ? until.lgi_done->error : &lg_error_cancelled;
}

lg_error *lgi_wait_failed(uint32_t claim, lg_until until)
{
    if (claim == LGI_STOPPED) {
        lgi_current->stopped = true;
        lg_goexit();
    }
    if (claim != LGI_IS_DONE)
        return &lg_error_deadline_exceeded;
    struct lgi_g *g = lgi_self();
    if (!g->done_error)
        lgi_note_done(g, until);
    lg_error *error = g->done_error;
    g->done_error = NULL;
    return error;
}

bool lgi_until_watch(struct lgi_g *g, lg_until until, struct lgi_waiter *watch)
{
    if (!until.lgi_done)
        return true;
    *watch = (struct lgi_waiter){.g = g, .index = LGI_IS_DONE};
    return lgi_done_watch(until.lgi_done, watch) || !lgi_claim(g, LGI_IS_DONE);
}

void lgi_until_unwatch(struct lgi_g *g, lg_until until, struct lgi_waiter *watch, uint32_t claim)
{
    if (!until.lgi_done)
        return;
    if (claim == LGI_IS_DONE)
        lgi_note_done(g, until);
    lgi_done_unwatch(until.lgi_done, watch);
}

uint32_t lgi_until_over(lg_until until)
{
    if (until.lgi_done && lgi_done_happened(until.lgi_done)) {
        lgi_note_done(lgi_self(), until);
        return LGI_IS_DONE;
    }
    if (until.lgi_deadline != LG_DURATION_MAX && lg_now() >= until.lgi_deadline)
        return LGI_TIMED_OUT;
    return LGI_WAITING;
}

/* ---- things that happen once ---- */

static void unpark_in(struct lgi_readying *readying, struct lgi_g *g)
{
    lgi_releases(&g->claim);
    if (lgi_bubbles_exist() && g->bubble)
        lgi_bubble_unpark(g);
    if (g->worker)
        lgi_readying_add(readying, g);
    else
        unpark_thread(g);
}

void lgi_unpark_list(struct lgi_waiter *waiter)
{
    struct lgi_readying readying = {0};
    for (struct lgi_waiter *next; waiter; waiter = next) {
        next = waiter->next; /* the waiter is gone once its goroutine goes on */
        unpark_in(&readying, waiter->g);
    }
    lgi_readying_end(&readying);
}

void lgi_unpark_some(struct lgi_g *const *g, unsigned count)
{
    struct lgi_readying readying = {0};
    for (unsigned i = 0; i < count; i++)
        unpark_in(&readying, g[i]);
    lgi_readying_end(&readying);
}
