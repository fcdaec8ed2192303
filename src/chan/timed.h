/* What timers and tickers have in common: something that is due, and the channel that it sends on.
 *
 * Locks: the timed one's own, then its timer set's, then its channel's. The first is taken by those who start and stop, so
 * that each of that is one step; the last two when it fires. So stopping and draining is done holding the
 * first, and after the stop nothing more comes into the channel.
 *
 * Lifetime: with a channel, it lives as long as that: who receives may look at it. */
#ifndef LGI_CHAN_TIMED_H
#define LGI_CHAN_TIMED_H

#include <lifoguard/timer.h>

#include "chan/channel.h"
#include "sched/wheel.h"

struct lgi_task;

struct lgi_timed {
    struct lgi_timer timer;
    struct lgi_chan_owner owner;
    uint32_t lock;
    lg_duration period;       /* 0: it fires once */
    struct lgi_chan *channel; /* NULL: a function is called */
    struct lgi_task *start;   /* the next call of it; NULL: it has begun */
    const struct lgi_site *site;
    lgi_function function;
    uintptr_t word[LGI_MAX_ARGS];
};

/* With a channel, and not started. Panics when out of memory. */
struct lgi_timed *lgi_timed_new(void);

/* The timer goes, by and by. */
void lgi_timed_free(struct lgi_timed *timed);

/* When a duration has passed: LG_DURATION_MAX, if that is never. */
lg_time lgi_timed_when(lg_duration duration);

/* ---- holding the lock ---- */

/* True if it was pending, or what it has sent was not received. */
bool lgi_timed_stop(struct lgi_timed *timed);

/* It is not pending. */
void lgi_timed_start(struct lgi_timed *timed, lg_duration duration);

#endif
