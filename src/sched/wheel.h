/* Timers on the monotonic clock. Each worker has a set of timers and runs those that are due; another worker runs them if
 * the worker is busy for long, and the timekeeper (keeper.h) if all workers are. Starting and stopping a timer takes
 * constant time and no memory, whatever the number of timers.
 *
 * A set is a wheel of wheels, with ticks of a nanosecond. A timer stands on the level of the highest digit, to the
 * base of 64, in which its time differs from the current time, in the slot that this digit numbers. When the current
 * time comes to a slot of a higher level, the timers of the slot move to lower levels. On the lowest level all timers
 * of a slot are due at one time. So timers are sorted without being compared, however many there are. */
#ifndef LGI_SCHED_WHEEL_H
#define LGI_SCHED_WHEEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lifoguard/time.h>

#include "error/list.h"

struct lgi_bubble;
struct lgi_task;
struct lgi_timers;

/* All zero before its first start. */
struct lgi_timer {
    lg_time when; /* on lg_now's clock */
    /* Called when the timer is due, on any thread, under the set's lock. Must not wait, allocate, or start or stop timers;
     * may claim, unpark, and call lgi_timer_again and lgi_timer_go. */
    void (*fire)(struct lgi_timer *timer, lg_time now);
    /* NULL, or called after `fire`, on the same thread, with no lock held. Must not wait. `fire` sees to it that the timer
     * lasts until then; the timer must not be started again before. */
    void (*later)(struct lgi_timer *timer);
    struct lgi_timers *set; /* in which it is or was pending */
    struct lgi_link link;   /* in its slot; later, in the list of fired timers */
    uint16_t slot;          /* level * 64 + slot */
    bool pending;           /* these three: guarded by the set's lock */
    uint32_t quiet;         /* the set's round in which it was fired in vain */
};

/* Starts a timer that is not pending: it is pending until it fires or is stopped. Any thread may call this. False: there
 * are no workers, and none can be made. */
bool lgi_timer_start(struct lgi_timer *timer, lg_time when);

/* The same, for a caller in a bubble too: on the clock of the kernel. lgi_timer_start uses the clock of lg_now. */
bool lgi_timer_start_real(struct lgi_timer *timer, lg_time when);

/* Returns true if the timer was pending: it will not fire. Otherwise the timer has fired or was never started. `fire` is not
 * running when this returns. Any thread may call this, also two at once for one timer, but not while the timer is being
 * started. */
bool lgi_timer_stop(struct lgi_timer *timer);

/* In `fire`: makes the timer pending again. */
void lgi_timer_again(struct lgi_timer *timer, lg_time when);

/* In `fire`: lets a goroutine start, which was made before, so that no memory is needed now. */
void lgi_timer_go(struct lgi_timer *timer, struct lgi_task *start);

/* In `fire`, for a timer that becomes pending again: firing has changed nothing, and will not before some goroutine runs. So
 * the clock of a bubble need not stop at this timer until then. */
void lgi_timer_in_vain(struct lgi_timer *timer);

/* The time on the clock of the timers. */
lg_time lgi_timers_now(const struct lgi_timers *timers);

/* ---- for workers and bubbles ---- */

enum { LGI_TIMER_LEVELS = 11, LGI_TIMER_SLOTS = 64 };

struct lgi_timer_slot {
    struct lgi_list timers;
    lg_duration least; /* no timer of the slot is due before */
};

struct lgi_timers {
    uint32_t lock;
    uint32_t round;            /* of a bubble: counts up each time all have come to wait. Atomic */
    struct lgi_bubble *bubble; /* whose clock is that of these timers; NULL: none */
    /* Nothing is due before; LG_DURATION_MAX: there is no timer. Written under the lock, atomically. */
    lg_time next;
    uint64_t tick; /* everything that was due before has fired */
    int moving;    /* a slot whose time has come, and which is not empty yet; -1: none */
    size_t count;
    struct lgi_list fired; /* timers whose `later` is to be called */
    /* A timer has let a goroutine start, in the queue of the worker that runs the timers, or in lgi_injected. */
    bool started, injected;
    uint64_t occupied[LGI_TIMER_LEVELS]; /* a bit for each slot */
    struct lgi_timer_slot slots[LGI_TIMER_LEVELS][LGI_TIMER_SLOTS];
};

void lgi_timers_init(struct lgi_timers *timers, lg_time now);

/* Puts a timer into the set. True: it is due before all others there, so the set's worker has to be woken. */
bool lgi_timers_add(struct lgi_timers *timers, struct lgi_timer *timer, lg_time when);

/* Fires the timers that are due. Any thread may call this. */
void lgi_timers_run(struct lgi_timers *timers, lg_time now);

/* The time of the first timer, except those that were fired in vain in this round; LG_TIME_MAX: there is none. Must not be
 * called while another thread runs the timers. */
lg_time lgi_timers_earliest(struct lgi_timers *timers);
void lgi_timers_begin_round(struct lgi_timers *timers);

/* Takes all timers out; they never fire. */
void lgi_timers_forget(struct lgi_timers *timers);

static inline lg_time lgi_timers_next(const struct lgi_timers *timers)
{
    return __atomic_load_n(&timers->next, __ATOMIC_RELAXED);
}

/* For a worker that has just announced that it sleeps: either the worker sees a timer that is being started, or the starter
 * sees that the worker sleeps. */
static inline lg_time lgi_timers_next_before_sleep(const struct lgi_timers *timers)
{
    return __atomic_load_n(&timers->next, __ATOMIC_SEQ_CST);
}

#endif
