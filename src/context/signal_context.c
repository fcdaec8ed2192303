/* Contexts that are cancelled by a signal. */
#include "context/context.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sched/runtime.h"
#include "signals/signals.h"

struct signalled {
    struct lg_context context;
    struct lgi_signal_watch watch;
    /* A bit for each signal. The watch has the same bits, without those of ignored signals. */
    uint64_t asked_for;
};

static struct signalled *signalled_of(struct lgi_signal_watch *watch)
{
    return (struct signalled *)((char *)watch - offsetof(struct signalled, watch));
}

/* The owner's free of the context ends the watch first. */
static void got(struct lgi_signal_watch *watch, int number, lg_time when)
{
    (void)when;
    (void)number;
    lgi_context_hold(&signalled_of(watch)->context);
}

static void later(struct lgi_signal_watch *watch, int number)
{
    struct lg_context *ctx = &signalled_of(watch)->context;
    lgi_context_finish(ctx, &lg_error_cancelled, lgi_signal_error(number), NULL);
    lgi_context_release(ctx);
}

/* Something outside of the program can make the context done until it is: not a deadlock. */
static void count(const struct lg_context *ctx, int by)
{
    if (((const struct signalled *)ctx)->watch.signals)
        __atomic_add_fetch(&lgi_outside, (uint32_t)by, __ATOMIC_SEQ_CST);
}

/* "SIGINT, SIGTERM" */
static void detail(const struct lg_context *ctx, char *text, size_t size)
{
    uint64_t set = ((const struct signalled *)ctx)->asked_for;
    size_t length = 0;
    for (int number = 1; number <= 64 && length < size; number++) {
        if (!(set & UINT64_C(1) << (number - 1)))
            continue;
        const char *name = lg_error_message(lgi_signal_error(number));
        if (strncmp(name, "signal SIG", 10) == 0)
            name += strlen("signal ");
        length += (size_t)snprintf(text + length, size - length, "%s%s", length ? ", " : "", name);
    }
}

static void done(struct lg_context *ctx)
{
    count(ctx, -1);
}

static void freed(struct lg_context *ctx)
{
    lgi_signals_unwatch(&((struct signalled *)ctx)->watch);
}

static const struct lgi_context_ops ops = {
    .size = sizeof(struct signalled),
    .name = "with signals",
    .detail = detail,
    .done = done,
    .freed = freed,
};

lg_error *lgi_with_signals(const lg_context *parent, lg_context **ctx, const int *signals,
                           size_t how_many)
{
    struct lg_context *up = lgi_context_of(parent, "lg_context_with_signals");
    uint64_t set = 0;
    *ctx = NULL;
    for (size_t i = 0; i < how_many; i++) {
        if (signals[i] < 1 || signals[i] > 64)
            return lg_error_new_code(EINVAL, "signal %d cannot be waited for", signals[i]);
        set |= UINT64_C(1) << (signals[i] - 1);
    }
    if (!set)
        return lg_error_new_code(EINVAL, "lg_context_with_signals without a signal");
    lgi_signals_refuse_after_fork(); /* before there is anything to be freed */
    struct lg_context *made = lgi_context_new(up, &ops);
    if (!made)
        lgi_context_no_memory("lg_context_with_signals");
    struct signalled *signalled = (struct signalled *)made;
    signalled->watch = (struct lgi_signal_watch){.signals = set, .got = got, .later = later};
    signalled->asked_for = set;
    lg_error *error = lgi_signals_watch(&signalled->watch);
    if (error) {
        lgi_context_release(made);
        return error;
    }
    count(made, 1);
    lgi_context_attach(made);
    *ctx = made;
    return NULL;
}
