#include "chan/timed.h"

#include <stdlib.h>

#include <lifoguard/panic.h>

#include "sched/bubble.h"
#include "sched/make_thread.h"
#include "sched/runtime.h"
#include "time/clock.h"

static struct lgi_timed *timed_of(struct lgi_chan_owner *owner)
{
    return (struct lgi_timed *)((char *)owner - offsetof(struct lgi_timed, owner));
}

/* The time at which the duration has passed: LG_DURATION_MAX, if that is never. */
static lg_time when(lg_time now, lg_duration duration)
{
    return duration <= 0 ? now : lgi_time_add(now, duration);
}

void lgi_timed_check(const struct lgi_timed *timed)
{
    if (__builtin_expect(timed->bubble != 0, 0) && timed->bubble != lgi_bubble_id())
        lg_panic("use of a timer of a test in virtual time from outside of that test");
}

/* Under the set's lock: if the last time is still there, this one is dropped. */
static void send_time(struct lgi_timer *timer, lg_time now)
{
    struct lgi_timed *timed = (struct lgi_timed *)timer;
    bool sent = lgi_chan_offer(timed->channel, &now);
    if (timed->period == 0)
        return;
    if (!sent)
        lgi_timer_in_vain(timer);
    lg_duration late = now - timer->when, next;
    if (__builtin_mul_overflow(timed->period, late / timed->period + 1, &next) ||
        __builtin_add_overflow(timer->when, next, &next))
        next = LG_DURATION_MAX;
    lgi_timer_again(timer, next);
}

/* Somebody would like to receive without waiting. If the time has come, and only the worker has had no time to see it, it
 * is seen now: so a goroutine that never waits can poll a timer. */
static void refresh(struct lgi_chan_owner *owner)
{
    struct lgi_timed *timed = timed_of(owner);
    lgi_lock(&timed->lock);
    struct lgi_timers *set = timed->timer.set;
    lgi_unlock(&timed->lock);
    if (!set || lgi_timers_next(set) == LG_DURATION_MAX)
        return;
    lg_time now = lgi_timers_now(set);
    if (lgi_timers_next(set) <= now)
        lgi_timers_run(set, now);
}

/* The channel's last reference is gone. */
static void end(struct lgi_chan_owner *owner)
{
    struct lgi_timed *timed = timed_of(owner);
    lgi_timer_stop(&timed->timer);
    free(timed);
}

struct sending {
    struct lgi_timed timed;
    struct lgi_chan channel;
    lg_time time; /* the channel's room for one */
};
_Static_assert(offsetof(struct sending, time) ==
                   offsetof(struct sending, channel) + sizeof(struct lgi_chan),
               "the buffer is right behind the channel");

struct lgi_timed *lgi_timed_new(void)
{
    struct sending *sending = malloc(sizeof(*sending));
    if (!sending || !lgi_workers_begin()) {
        free(sending);
        lg_panic("out of memory or threads for a timer%s", lgi_thread_refusal());
    }
    struct lgi_timed *timed = &sending->timed;
    *timed = (struct lgi_timed){
        .timer.fire = send_time,
        .bubble = lgi_bubble_id(),
        .owner = {.refresh = refresh, .end = end},
        .channel = &sending->channel,
    };
    lgi_chan_init(timed->channel, sizeof(lg_duration), 1, &timed->owner);
    return timed;
}

void lgi_timed_free(struct lgi_timed *timed)
{
    lgi_lock(&timed->lock);
    lgi_timed_stop(timed);
    lgi_unlock(&timed->lock);
    if (timed->channel) {
        (void)lgi_chan_shut(timed->channel); /* who waits need not wait for ever */
        // NOLINTNEXTLINE(readability-redundant-parentheses): the function; the macro asks for a channel's type
        (lg_chan_unref)(timed->channel);
        return;
    }
    if (timed->start)
        lgi_task_free(timed->start);
    free(timed);
}

bool lgi_timed_stop(struct lgi_timed *timed)
{
    bool stopped = lgi_timer_stop(&timed->timer);
    struct lgi_chan *c = timed->channel;
    if (!c || lgi_chan_count(c) == 0)
        return stopped;
    lgi_chan_lock(c);
    if (c->count > 0) {
        lgi_chan_take(c, NULL);
        stopped = true;
    }
    lgi_chan_unlock(c);
    return stopped;
}

void lgi_timed_start(struct lgi_timed *timed, lg_duration duration)
{
    /* (There are workers: it cannot fail.) */
    if (__builtin_expect(timed->bubble == 0, 1))
        (void)lgi_timer_start_real(&timed->timer, when(lgi_real_now(), duration));
    else
        (void)lgi_timer_start(&timed->timer, when(lg_now(), duration));
}
