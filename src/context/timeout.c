/* Contexts with a deadline. A timer that fires only holds its context, under the lock of the timers. The context is
 * finished after the unlock, since a whole tree may have to be cancelled, other timers stopped, goroutines started. */
#include "context/context.h"

#include <lifoguard/panic.h>

#include "error/escape.h"
#include "sched/bubble.h"
#include "sched/make_thread.h"
#include "sched/wheel.h"
#include "time/clock.h"

struct timed {
    struct lg_context context;
    struct lgi_timer timer;
    lg_error *cause; /* NULL: the usual one */
};

static struct timed *timed_of(struct lgi_timer *timer)
{
    return (struct timed *)((char *)timer - offsetof(struct timed, timer));
}

/* The timer of a context is stopped before the context is freed. */
static void due(struct lgi_timer *timer, lg_time now)
{
    (void)now;
    lgi_context_hold(&timed_of(timer)->context);
}

static const lg_error *cause_of(const struct timed *timed)
{
    return timed->cause ? timed->cause : &lg_error_deadline_exceeded;
}

static void overdue(struct lgi_timer *timer)
{
    struct timed *timed = timed_of(timer);
    lgi_context_finish(&timed->context, &lg_error_deadline_exceeded, cause_of(timed), NULL);
    lgi_context_release(&timed->context);
}

static void done(struct lg_context *ctx)
{
    lgi_timer_stop(&((struct timed *)ctx)->timer);
}

static void destroy(struct lg_context *ctx)
{
    lg_error_free(((struct timed *)ctx)->cause);
}

static void detail(const struct lg_context *ctx, char *text, size_t size)
{
    const lg_error *cause = ((const struct timed *)ctx)->cause;
    lgi_escape(cause ? lg_error_message(cause) : "", text, size);
}

static const struct lgi_context_ops ops = {
    .size = sizeof(struct timed),
    .name = "with deadline",
    .detail = detail,
    .done = done,
    .destroy = destroy,
};

/* ---- making a context with a deadline ---- */

struct deadline {
    const char *function; /* that was called */
    lg_time now, when;
    const char *name;    /* NULL: none */
    lg_duration timeout; /* goes with the name; LG_DURATION_MAX: none */
    lg_error *cause;     /* taken */
    bool for_cleanup;    /* the end of the parent does not end the context */
};

static void give_up(struct lg_context *ctx, lg_error *cause, const char *function)
{
    if (ctx)
        lgi_context_release(ctx);
    lg_error_free(cause);
    lgi_context_no_memory(function);
}

/* The error names the timeout (C8). */
static lg_error *named_cause(const struct deadline *deadline)
{
    char text[LG_DURATION_TEXT_SIZE] = "";
    if (deadline->timeout != LG_DURATION_MAX)
        lg_duration_format(deadline->timeout, text, sizeof(text));
    return lg_error_wrap(&lg_error_deadline_exceeded, "%s%s%s", deadline->name, *text ? ", " : "",
                         text);
}

static lg_context *make(struct lg_context *parent, const struct deadline *deadline)
{
    struct lg_context *ctx = lgi_context_new(parent, &ops);
    if (!ctx)
        give_up(NULL, deadline->cause, deadline->function);
    struct timed *timed = (struct timed *)ctx;
    timed->timer = (struct lgi_timer){.fire = due, .later = overdue};
    timed->cause = deadline->cause;
    ctx->deadline = deadline->when;
    ctx->clock = lgi_bubble_id();
    if (deadline->for_cleanup)
        ctx->has_parent = false;
    if (deadline->name && !deadline->cause) {
        timed->cause = named_cause(deadline);
        if (timed->cause == &lg_error_deadline_exceeded)
            give_up(ctx, NULL, deadline->function);
    }
    if (deadline->when <= deadline->now) {
        lgi_context_attach(ctx);
        lgi_context_finish(ctx, &lg_error_deadline_exceeded, cause_of(timed), NULL);
        return ctx;
    }
    /* The timer first: a parent that is cancelled meanwhile stops it. */
    bool needless = ctx->has_parent && lgi_done_happened(&parent->done);
    if (!needless && !lgi_timer_start(&timed->timer, deadline->when)) {
        lgi_context_release(ctx);
        lg_panic("%s: out of memory or threads for a deadline%s", deadline->function,
                 lgi_thread_refusal());
    }
    lgi_context_attach(ctx);
    return ctx;
}

static lg_context *with_deadline(const lg_context *parent, const struct deadline *deadline)
{
    struct lg_context *up = lgi_context_of(parent, deadline->function);
    if (up->deadline > deadline->when || up->clock != lgi_bubble_id())
        return make(up, deadline); /* deadlines on two clocks cannot be compared */
    /* The parent's deadline comes first, so this one needs no timer. */
    lg_error_free(deadline->cause);
    return lgi_context_with_cancel(up, deadline->function);
}

lg_context *lgi_context_with_deadline(const lg_context *parent, const lg_context_limit *limit)
{
    const struct deadline deadline = {"lg_context_with_deadline",
                                      lg_now(),
                                      limit->lgi_when,
                                      limit->name,
                                      LG_DURATION_MAX,
                                      limit->cause,
                                      false};
    return with_deadline(parent, &deadline);
}

lg_context *lgi_context_with_timeout(const lg_context *parent, const lg_context_limit *limit)
{
    lg_time now = lg_now();
    const struct deadline deadline = {"lg_context_with_timeout",
                                      now,
                                      lgi_time_add(now, limit->lgi_when),
                                      limit->name,
                                      limit->lgi_when,
                                      limit->cause,
                                      false};
    return with_deadline(parent, &deadline);
}

lg_context *lg_context_for_cleanup(const lg_context *parent, lg_duration timeout)
{
    lg_time now = lg_now();
    const struct deadline deadline = {
        "lg_context_for_cleanup", now, lgi_time_add(now, timeout), "cleanup", timeout, NULL, true};
    return make(lgi_context_of(parent, deadline.function), &deadline);
}
