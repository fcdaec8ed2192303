/* What timers and tickers have in common: a time at which they fire, and the channel that they send on.
 *
 * Locks, in this order: the object's own, its timer set's, its channel's. Starting and stopping take the object's own lock, so
 * that each is one step; firing takes the other two. Stopping and draining happen under the object's own lock, and nothing
 * comes into the channel after the stop.
 *
 * Lifetime: an object with a channel lives as long as the channel, since receivers use the object. */
#ifndef LGI_CHAN_TIMED_H
#define LGI_CHAN_TIMED_H

#include <lifoguard/timer.h>

#include "chan/channel.h"
#include "sched/wheel.h"

struct lgi_task;

/* (A million timers are mostly memory to be fetched: so what only one of the two kinds needs shares its place.) */
struct lgi_timed {
    struct lgi_timer timer;
    uint32_t lock;
    uint32_t bubble;          /* in which it was made (sched/bubble.h); 0: in none */
    struct lgi_chan *channel; /* NULL: a function is called */
    union {
        struct { /* with a channel */
            struct lgi_chan_owner owner;
            lg_duration period; /* 0: it fires once */
        };
        struct {                    /* with a function */
            struct lgi_task *start; /* the next call of it; NULL: it has begun */
            const struct lgi_site *site;
            lgi_function function;
        };
    };
    uintptr_t word[LGI_MAX_ARGS]; /* of a function: only as many as its site counts are there */
};

/* Makes one with a channel, not started. Panics when out of memory. */
struct lgi_timed *lgi_timed_new(void);

/* Frees it, as soon as its timer does not run any more. */
void lgi_timed_free(struct lgi_timed *timed);

/* Panics if it was made in a bubble, and the caller is not in that. */
void lgi_timed_check(const struct lgi_timed *timed);

/* ---- holding the lock ---- */

/* True: it was pending, or the value that it has sent was not received. */
bool lgi_timed_stop(struct lgi_timed *timed);

/* Starts one that is not pending: on the clock of the bubble in which it was made, if there is one. */
void lgi_timed_start(struct lgi_timed *timed, lg_duration duration);

#endif
