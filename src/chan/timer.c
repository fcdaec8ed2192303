#include <lifoguard/timer.h>

#include <stdlib.h>

#include <lifoguard/panic.h>

#include "chan/timed.h"
#include "sched/bubble.h"
#include "sched/make_thread.h"
#include "sched/runtime.h"

struct lg_timer {
    struct lgi_timed timed;
};

/* ---- that send ---- */

lg_timer *lg_timer_new(lg_duration duration)
{
    struct lgi_timed *timed = lgi_timed_new();
    lgi_timed_start(timed, duration);
    return (lg_timer *)timed;
}

lgi_chan_of_times lg_timer_channel(const lg_timer *timer)
{
    if (!timer)
        lg_panic("lg_timer_channel: no timer (NULL)");
    return (lgi_chan_of_times)timer->timed.channel;
}

lgi_chan_of_times lg_chan_after(lg_duration duration)
{
    return lg_timer_channel(lg_timer_new(duration));
}

/* ---- that call ---- */

/* Under the set's lock. */
static void begin_call(struct lgi_timer *timer, lg_time now)
{
    struct lgi_timed *timed = (struct lgi_timed *)timer;
    struct lgi_task *start = timed->start;
    (void)now;
    timed->start = NULL;
    lgi_timer_go(timer, start);
}

static struct lgi_task *next_call(const struct lgi_timed *timed)
{
    struct lgi_task *start = lgi_task_new(timed->site, timed->function, timed->word);
    if (!start)
        lgi_panic(timed->site->file, timed->site->line, "out of memory for a timer's goroutine");
    if (timed->bubble == 0)
        lgi_bubble_adopt(start, NULL);
    return start;
}

static size_t size_for(unsigned words)
{
    return offsetof(struct lg_timer, timed.word) + words * sizeof(uintptr_t);
}

lg_timer *lgi_after_func(const struct lgi_site *site, lgi_function function, const uintptr_t *words,
                         lg_duration duration)
{
    if (!function)
        lgi_panic(site->file, site->line, "timer for a NULL function");
    lg_timer *timer = malloc(size_for(site->count));
    struct lgi_task *start = timer && lgi_workers_begin() ? lgi_task_new(site, function, words)
                                                          : NULL;
    if (!start) {
        free(timer);
        lgi_panic(site->file, site->line, "out of memory or threads for a timer%s",
                  lgi_thread_refusal());
    }
    struct lgi_timed *timed = &timer->timed;
    timed->timer = (struct lgi_timer){.fire = begin_call};
    timed->lock = LGI_LOCK_FREE;
    timed->bubble = lgi_bubble_id();
    timed->channel = NULL;
    timed->start = start;
    timed->site = site;
    timed->function = function;
    for (unsigned i = 0; i < site->count; i++)
        timed->word[i] = words[i];
    lgi_timed_start(timed, duration);
    return timer;
}

/* ---- both ---- */

bool lg_timer_stop(lg_timer *timer)
{
    if (!timer)
        return false;
    struct lgi_timed *timed = &timer->timed;
    lgi_timed_check(timed);
    lgi_lock(&timed->lock);
    bool stopped = lgi_timed_stop(timed);
    lgi_unlock(&timed->lock);
    return stopped;
}

bool lg_timer_reset(lg_timer *timer, lg_duration duration)
{
    if (!timer)
        lg_panic("lg_timer_reset: no timer (NULL)");
    struct lgi_timed *timed = &timer->timed;
    struct lgi_task *start = NULL;
    bool stopped = false;
    lgi_timed_check(timed);
    for (;;) {
        lgi_lock(&timed->lock);
        stopped |= lgi_timed_stop(timed);
        if (timed->channel || timed->start)
            break;
        timed->start = start;
        start = NULL;
        if (timed->start)
            break;
        lgi_unlock(&timed->lock);
        start = next_call(timed);
    }
    lgi_timed_start(timed, duration);
    lgi_unlock(&timed->lock);
    if (start)
        lgi_task_free(start);
    return stopped;
}

void lg_timer_free(lg_timer *timer)
{
    if (timer)
        lgi_timed_free(&timer->timed);
}
