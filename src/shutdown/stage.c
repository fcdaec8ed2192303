/* Calling the stops, on threads of their own. */
#define _GNU_SOURCE
#include <lifoguard/defer.h>
#include <lifoguard/panic.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "defer/hooks.h"
#include "error/escape.h"
#include "sched/hooks.h"
#include "sched/make_thread.h"
#include "shutdown/internal.h"
#include "time/clock.h"

static __thread lg_shutdown *current;

lg_shutdown *lgi_stage_current(void)
{
    return current;
}

/* ---- one call ---- */

static void set_none(lg_panic_info *panic, lg_context **context)
{
    if (lg_recover(panic))
        *context = NULL;
}

/* NULL if there is no memory, or no thread to keep its time. */
static lg_context *bounded_context(const char *name, lg_time deadline)
{
    lg_func_recovers (lg_context *, context) {
        char text[64];
        lg_defer_recover(set_none, &context);
        lgi_escape(name, text, sizeof(text));
        lg_return(lg_context_with_deadline(lg_context_background(), deadline, .name = text));
    }
}

static void caught(lg_panic_info *panic, struct lgi_stage *stage)
{
    if (!lg_recover(panic))
        return;
    stage->ended_as = LG_STAGE_PANICKED;
    stage->error = lg_error_wrap(lg_panic_take_error(panic), "panic");
}

/* However the call ended. */
static void post(struct lgi_stage *stage)
{
    lg_shutdown *s = stage->owner;
    lg_error *late = NULL;
    stage->ended_at = lg_now();
    current = NULL;
    if (stage->ended_as == LG_STAGE_STOPPING) {
        stage->ended_as = LG_STAGE_PANICKED;
        stage->error = lg_error_new("the function ended its thread");
    }
    pthread_mutex_lock(&s->lock);
    stage->returned = true;
    if (stage->outcome == LG_STAGE_TIMED_OUT) {
        s->overrunning--;
        late = stage->error;
        stage->error = NULL;
    }
    pthread_mutex_unlock(&s->lock);
    lg_error_free(late);
    lgi_shutdown_wake(s);
}

/* A child that the stop has forked, and that has come back: the other stages are its parent's. */
static void refuse_return_in_child(const lg_shutdown *s)
{
    if (s->owner != getpid())
        lgi_fatal(
            NULL,
            "the stop of a stage has returned in a child after fork: the child must call exec or _exit");
}

static void call(struct lgi_stage *stage)
{
    lg_func_recovers_void {
        lg_defer(post, stage);
        lg_defer_recover(caught, stage);
        current = stage->owner;
        stage->ended_as = LG_STAGE_STOPPING;
        lg_context *context = bounded_context(stage->name,
                                              lgi_time_add(stage->began, stage->given));
        lg_defer(lg_context_free, context);
        stage->error = stage->stop(stage->argument, context ? context : stage->owner->fallback);
        refuse_return_in_child(stage->owner);
        stage->ended_as = stage->error ? LG_STAGE_FAILED : LG_STAGE_DONE;
    }
}

/* ---- runners ---- */

/* Under the lock. */
static void wait_for_offer(lg_shutdown *s)
{
    if (!s->bubble) {
        pthread_cond_wait(&s->offer, &s->lock);
        return;
    }
    pthread_mutex_unlock(&s->lock);
    lg_semaphore_acquire(&s->offers, 1);
    pthread_mutex_lock(&s->lock);
}

static struct lgi_stage *take(lg_shutdown *s)
{
    pthread_mutex_lock(&s->lock);
    while (!s->offered && !s->over)
        wait_for_offer(s);
    struct lgi_stage *stage = s->offered;
    s->idle--;
    if (stage) {
        s->offered = stage->next;
        if (!s->offered)
            s->offered_end = &s->offered;
        s->offered_count--;
    }
    pthread_mutex_unlock(&s->lock);
    return stage;
}

static void run(void *data)
{
    lg_shutdown *s = data;
    struct lgi_stage *stage;
    while ((stage = take(s))) {
        call(stage);
        pthread_mutex_lock(&s->lock);
        s->idle++;
        pthread_mutex_unlock(&s->lock);
    }
}

static void *runner_main(void *data)
{
    lg_shutdown *s = data;
    int before;
    lg_defer(lgi_shutdown_let_go, s);
    pthread_setname_np(pthread_self(), "lg-stop");
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    pthread_sigmask(SIG_SETMASK, &s->mask, NULL);
    lgi_sched_hooks.thread_begins();
    lgi_shutdown_work(s, run);
    lgi_sched_hooks.thread_ends();
    lgi_outlive_children();
    return NULL;
}

bool lgi_runner_add(lg_shutdown *s)
{
    s->idle++;
    bool made = lgi_shutdown_thread(s, NULL, runner_main) == 0;
    if (!made)
        s->idle--;
    return made;
}

bool lgi_stage_offer(lg_shutdown *s, struct lgi_stage *stage)
{
    if (s->idle <= s->offered_count && !lgi_runner_add(s))
        return false;
    stage->next = NULL;
    *s->offered_end = stage;
    s->offered_end = &stage->next;
    s->offered_count++;
    pthread_cond_signal(&s->offer);
    if (s->bubble)
        lg_semaphore_release(&s->offers, 1);
    return true;
}

/* ---- without a runner ---- */

struct here {
    const lg_stage *stage;
    const lg_context *context;
};

static void call_here(const struct here *here, lg_error **result)
{
    *result = here->stage->stop(here->stage->argument, here->context);
}

lg_error *lgi_stage_stop_here(lg_shutdown *s, const lg_stage *stage)
{
    lg_func (lg_error *, err) {
        lg_duration limit = stage->limit != 0 ? stage->limit : s->options.budget;
        lg_context *context = bounded_context(stage->name, lgi_time_add(lg_now(), limit));
        lg_defer(lg_context_free, context);
        struct here here = {stage, context ? context : s->fallback};
        {
            lg_defer_contained(call_here, &here, &err);
        }
        lg_return(lg_error_wrap(err, "stop %s", stage->name));
    }
}
