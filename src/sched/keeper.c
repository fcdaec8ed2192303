#define _GNU_SOURCE
#include "sched/keeper.h"

#include <stdatomic.h>

#include "error/keep_errno.h"
#include "sched/futex.h"
#include "sched/make_thread.h"
#include "sched/runtime.h"
#include "time/clock.h"

/* The timekeeper runs timers that are late by this much. */
#define LATE (5 * LG_MILLISECOND)

static _Atomic lg_duration wakes_at = LG_DURATION_MAX; /* its next check */
static _Atomic uint32_t asleep;                        /* the futex; 0: a check is due now */

/* ---- the thread ---- */

static void run_timers(struct lgi_worker *w, lg_time now)
{
    lgi_helper_works();
    lgi_timers_run(&w->timers, now);
    lgi_helper_waits();
}

/* Runs the late timers; returns when the next timer will be late. */
static lg_duration run_late(lg_time now)
{
    lg_duration next = LG_DURATION_MAX;
    unsigned count = lgi_worker_count();
    for (unsigned i = 0; i < count; i++) {
        struct lgi_worker *w = lgi_workers[i];
        /* (A worker that sleeps will wake by itself.) */
        if (lgi_timers_next(&w->timers) <= now - LATE && atomic_load(&w->state) == LGI_W_AWAKE)
            run_timers(w, now);
        lg_time due = lgi_timers_next_before_sleep(&w->timers);
        if (due < next)
            next = due;
    }
    if (next <= now - LATE)
        next = now;
    return lgi_time_add(next, LATE);
}

static void *keep(void *unused)
{
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    pthread_setname_np(pthread_self(), "lg-timers");
    for (;;) {
        /* A timer that is started from here on is seen by run_late, or its starter wakes this thread. */
        atomic_store(&asleep, 1);
        atomic_store(&wakes_at, LG_DURATION_MAX);
        lg_duration next = run_late(lgi_real_now());
        atomic_store(&wakes_at, next);
        lgi_futex_wait(&asleep, 1, next);
    }
    return unused;
}

/* ---- for those who start timers ---- */

static void make(void)
{
    lgi_helper_waits();
    /* Without it, timers are late while all workers compute. */
    if (lgi_make_thread(NULL, 0, keep, NULL) != 0)
        lgi_helper_works();
}

void lgi_keeper_note(lg_time when)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (lgi_time_add(when, LATE) >= atomic_load(&wakes_at))
        return;
    LGI_KEEP_ERRNO;
    pthread_once(&once, make);
    if (atomic_exchange(&asleep, 0) == 1)
        lgi_futex_wake(&asleep, 1);
}
