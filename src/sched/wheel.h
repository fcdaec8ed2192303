/* Timers on the monotonic clock. Each worker has a set of them, and runs what is due; another worker does it if that
 * one is busy for long, and the timekeeper (keeper.h) if all are. Starting and stopping takes constant time and no memory, whatever their number.
 *
 * A set is a wheel of wheels, with ticks of a nanosecond. A timer stands on the level of the highest digit, to the
 * base of 64, in which its time differs from the current one, in the slot that this digit numbers. When the
 * current time comes to a slot of a higher level, what stands there moves to lower ones. On the lowest level all in
 * a slot are due at one time. So they are sorted without being compared, however many there are.
 */
#ifndef LGI_SCHED_WHEEL_H
#define LGI_SCHED_WHEEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lifoguard/time.h>

#include "sched/list.h"

struct lgi_task;
struct lgi_timers;

/* All zero before it is first started. */
struct lgi_timer {
    lg_time when; /* on lg_now's clock */
    /* Called when it is due, on any thread, under the set's lock: it must not wait, allocate, start or stop timers,
     * but may claim, unpark, and call lgi_timer_again and lgi_timer_go. */
    void (*fire)(struct lgi_timer *timer, lg_time now);
    /* NULL, or called after that, on the same thread, with no lock held: it must not wait. The timer must last until then,
     * which `fire` sees to, and not be started again before. */
    void (*later)(struct lgi_timer *timer);
    struct lgi_timers *set; /* in which it is or was pending */
    struct lgi_link link;   /* in its slot; later, in the list of fired timers */
    uint16_t slot;          /* level * 64 + slot */
    bool pending;           /* these three: guarded by the set's lock */
};

/* The timer is pending from here on, until it fires or is stopped. It must not be pending now. Any thread may call it.
 * False: there are no workers and none can be started. */
bool lgi_timer_start(struct lgi_timer *timer, lg_time when);

/* True if it was pending: it will not fire. Otherwise it has fired or was never started. `fire` is not running when
 * this returns. Any thread may call it, two at once for one timer too, but not while it is being started. */
bool lgi_timer_stop(struct lgi_timer *timer);

/* In `fire`: to be pending again. */
void lgi_timer_again(struct lgi_timer *timer, lg_time when);

/* In `fire`: a goroutine may start from now on. It must have been made before: there is to be memory for it. */
void lgi_timer_go(struct lgi_timer *timer, struct lgi_task *start);

/* ---- for workers ---- */

enum { LGI_TIMER_LEVELS = 11, LGI_TIMER_SLOTS = 64 };

struct lgi_timer_slot {
    struct lgi_list timers;
    lg_duration least; /* no timer that stands here is due before */
};

struct lgi_timers {
    uint32_t lock;
    lg_duration
        next; /* nothing is due before; LG_DURATION_MAX: there is none. Written under the lock, atomically */
    uint64_t tick; /* everything that was due before has fired */
    int moving;    /* a slot whose turn has come, and which has not been emptied yet; -1: none */
    size_t count;
    struct lgi_list fired; /* timers whose `later` is to be called */
    /* What fires now has let goroutines start, in the queue of who runs the timers, or in the common one. */
    bool started, injected;
    uint64_t occupied[LGI_TIMER_LEVELS]; /* a bit for each slot */
    struct lgi_timer_slot slots[LGI_TIMER_LEVELS][LGI_TIMER_SLOTS];
};

void lgi_timers_init(struct lgi_timers *timers, lg_time now);

/* Puts a timer into this set. True if it is due before all others there: whoever sleeps should look again. */
bool lgi_timers_add(struct lgi_timers *timers, struct lgi_timer *timer, lg_time when);

/* Fires what is due. Any thread may call it. */
void lgi_timers_run(struct lgi_timers *timers, lg_time now);

static inline lg_time lgi_timers_next(const struct lgi_timers *timers)
{
    return __atomic_load_n(&timers->next, __ATOMIC_RELAXED);
}

/* For a worker that has just said that it sleeps: either it sees a timer that is being started, or who starts it sees
 * that it sleeps. */
static inline lg_time lgi_timers_next_before_sleep(const struct lgi_timers *timers)
{
    return __atomic_load_n(&timers->next, __ATOMIC_SEQ_CST);
}

#endif
