/* The thread of an lg_shutdown, from the request to the report. The thread waits only for the service manager and for the log, a
 * moment each. */
#define _GNU_SOURCE
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "error/escape.h"
#include "sched/futex.h"
#include "sched/park.h"
#include "shutdown/internal.h"
#include "time/clock.h"

LG_ERROR_DEFINE_ERRNO(lg_error_shutting_down, ECANCELED, "shutting down");
LG_ERROR_DEFINE_ERRNO(lg_error_stage_not_stopped, ETIMEDOUT, "not stopped, as no time was left");

/* What the service manager is told comes early by that much: if our thread hangs, it notices. */
#define MARGIN (5 * LG_SECOND)
#define RETRY (20 * LG_MILLISECOND)

enum { EXIT_SIGNALLED = 128 };

static lg_duration earlier(lg_duration a, lg_duration b)
{
    return a < b ? a : b;
}

static void set_phase(lg_shutdown *s, enum lgi_phase phase)
{
    pthread_mutex_lock(&s->lock);
    s->phase = phase;
    pthread_mutex_unlock(&s->lock);
}

/* ---- signals ---- */

static void force(lg_shutdown *s, int number)
{
    int fd = s->options.log > 0 ? s->options.log : STDERR_FILENO;
    lgi_shutdown_log(fd, "shutdown: a second time: %s: the process ends now, with status %d",
                     lg_error_message(lgi_signal_error(number)), EXIT_SIGNALLED + number);
    lgi_shutdown_log_pending(s, fd);
    _exit(EXIT_SIGNALLED + number);
}

/* The first signal once more, delivered twice: timeout(1) signals its child, and then the child's group. */
static bool is_repeated(const lg_shutdown *s, int number, lg_time when)
{
    return number == s->signal && when - s->signalled_at < s->options.repeat_window;
}

void lgi_shutdown_on_signal(struct lgi_signal_watch *watch, int number, lg_time when)
{
    lg_shutdown *s = (lg_shutdown *)((uintptr_t)watch - offsetof(lg_shutdown, watch));
    if (s->signal == 0) {
        s->signalled_at = when;
        __atomic_store_n(&s->signal, number, __ATOMIC_RELEASE);
        lgi_shutdown_wake(s);
    } else if (!is_repeated(s, number, when)) {
        force(s, number);
    }
}

/* ---- the request ---- */

static void begin_request(lg_shutdown *s, bool drain)
{
    s->requested_at = lg_now();
    pthread_mutex_lock(&s->lock);
    s->phase = LGI_PHASE_DRAINING;
    drain = drain && s->was_ready && s->options.drain_delay > 0;
    pthread_mutex_unlock(&s->lock);

    lg_error *error = lg_readiness_off(s->options.readiness);
    lgi_shutdown_log(s->options.log, "shutdown: requested: %s", s->reason);
    if (error) {
        char text[LGI_STAGE_TEXT];
        lg_error_format(error, text, sizeof(text));
        lgi_shutdown_log(s->options.log, "shutdown: %s", text);
        lg_error_free(error);
    }
    lg_notify_stopping(s->options.notify, s->reason);
    s->drain_until = s->requested_at;
    if (drain) {
        char duration[LG_DURATION_TEXT_SIZE];
        lg_duration_format(s->options.drain_delay, duration, sizeof(duration));
        lgi_shutdown_log(s->options.log, "shutdown: draining for %s", duration);
        s->drain_until = lgi_time_add(s->requested_at, s->options.drain_delay);
        lg_notify_extend(s->options.notify, lgi_time_add(s->options.drain_delay, MARGIN));
        lg_notify_status(s->options.notify, "draining for %s", duration);
    }
}

static void tell_program(lg_shutdown *s)
{
    set_phase(s, LGI_PHASE_REQUESTED);
    lg_context_cancel_cause(s->context, lgi_shutdown_cause(s));
    lgi_event_signal(s->asked[1]);
}

/* ---- stopping ---- */

static void begin_stops(lg_shutdown *s)
{
    lg_time now = lg_now();
    s->began = now;
    s->deadline = lgi_time_add(now, s->options.budget);
    if (s->options.grace_period > 0) {
        lg_time end = lgi_time_add(s->requested_at, s->options.grace_period);
        if (end > now) /* else nobody enforces it */
            s->deadline = earlier(s->deadline, end);
    }
    pthread_mutex_lock(&s->lock);
    s->phase = LGI_PHASE_STOPPING;
    s->order.at_once = s->options.at_once;
    lgi_order_begin(&s->order, s->deadline - now);
    pthread_mutex_unlock(&s->lock);
}

static struct lgi_stage *stage_at(lg_shutdown *s, size_t i)
{
    return s->order.nodes[i].stage;
}

/* Once for each stage that began: it has ended, or is given up. */
static void settle(lg_shutdown *s, size_t i, lg_stage_outcome outcome, lg_error *error,
                   lg_time when)
{
    struct lgi_stage *stage = stage_at(s, i);
    char took[LG_DURATION_TEXT_SIZE];
    if (error) {
        char text[LGI_STAGE_TEXT];
        lg_error_format(error, text, sizeof(text));
        lgi_escape(text, stage->text, sizeof(stage->text));
    }
    pthread_mutex_lock(&s->lock);
    stage->took = when - stage->began;
    stage->outcome = outcome;
    lgi_order_ended(&s->order, i);
    pthread_mutex_unlock(&s->lock);
    s->running--;
    s->error = lg_error_join(s->error, lg_error_wrap(error, "stop %s", stage->name));
    lg_duration_format(stage->took, took, sizeof(took));
    lgi_shutdown_log(s->options.log, "shutdown: %s: %s after %s%s%s", stage->name,
                     lg_stage_outcome_name(outcome), took, error ? ": " : "", stage->text);
}

/* The errors of a stage that came back, but after its limit. */
static lg_error *late(struct lgi_stage *stage)
{
    char limit[LG_DURATION_TEXT_SIZE];
    lg_duration_format(stage->given, limit, sizeof(limit));
    if (lg_error_is(stage->error, &lg_error_deadline_exceeded))
        return lg_error_wrap(stage->error, "over its limit of %s", limit);
    return lg_error_join(lg_error_wrap(&lg_error_deadline_exceeded, "over its limit of %s", limit),
                         stage->error);
}

/* Returns when to look at it again. */
static lg_duration check_stop(lg_shutdown *s, size_t i)
{
    struct lgi_stage *stage = stage_at(s, i);
    pthread_mutex_lock(&s->lock);
    bool returned = stage->returned, given_up = !returned && lg_now() >= stage->give_up;
    if (given_up) {
        stage->outcome = LG_STAGE_TIMED_OUT; /* from here on its runner drops the error */
        s->overrunning++;
    }
    pthread_mutex_unlock(&s->lock);
    if (returned) {
        lg_error *error = stage->error;
        lg_stage_outcome outcome = stage->ended_as;
        if (outcome != LG_STAGE_PANICKED &&
            stage->ended_at >= lgi_time_add(stage->began, stage->given)) {
            outcome = LG_STAGE_TIMED_OUT;
            error = late(stage);
        }
        stage->error = NULL;
        settle(s, i, outcome, error, stage->ended_at);
    } else if (given_up) {
        char limit[LG_DURATION_TEXT_SIZE];
        lg_duration_format(stage->given, limit, sizeof(limit));
        settle(s, i, LG_STAGE_TIMED_OUT,
               lg_error_wrap(&lg_error_deadline_exceeded, "still running after its limit of %s",
                             limit),
               lg_now());
    } else {
        return stage->give_up;
    }
    return LG_DURATION_MAX;
}

static void announce_stop(lg_shutdown *s, struct lgi_stage *stage)
{
    char limit[LG_DURATION_TEXT_SIZE];
    lg_duration_format(stage->given, limit, sizeof(limit));
    lgi_shutdown_log(s->options.log, "shutdown: %s: stopping, at most %s", stage->name, limit);
    if (s->options.notify) {
        lg_notify_extend(s->options.notify, lgi_time_add(stage->given, MARGIN));
        lg_notify_status(s->options.notify, "stopping %s (%zu of %zu), at most %s", stage->name,
                         stage->rank, s->order.count, limit);
    }
}

/* Starts what may be started. Returns when to try again, if no thread could be had. */
static lg_duration start_stops(lg_shutdown *s)
{
    for (;;) {
        lg_duration now = lg_now(), remaining = s->deadline - now;
        ptrdiff_t i = lgi_order_next(&s->order);
        if (i < 0 || remaining <= 0 || s->running >= s->order.at_once)
            return LG_DURATION_MAX;
        struct lgi_stage *stage = stage_at(s, (size_t)i);
        lg_duration linger, given = lgi_order_allowance(&s->order, (size_t)i, remaining, &linger);
        if (given > 10 * LG_MILLISECOND)
            given -= given % LG_MILLISECOND; /* for the eye */
        pthread_mutex_lock(&s->lock);
        stage->began = now;
        stage->given = given;
        stage->give_up = earlier(lgi_time_add(lgi_time_add(now, given), linger), s->deadline);
        stage->outcome = LG_STAGE_STOPPING;
        stage->rank = s->ranks + 1;
        bool offered = lgi_stage_offer(s, stage);
        if (offered) {
            s->ranks++;
            lgi_order_stop_begun(&s->order, (size_t)i);
        } else {
            stage->outcome = LG_STAGE_NOT_STOPPED;
            stage->rank = 0;
        }
        pthread_mutex_unlock(&s->lock);
        if (!offered)
            return now + RETRY;
        s->running++;
        announce_stop(s, stage);
    }
}

static void end_stops(lg_shutdown *s)
{
    size_t left = 0;
    s->took = lg_now() - s->began;
    for (size_t i = s->order.count; i-- > 0;) {
        struct lgi_stage *stage = stage_at(s, i);
        if (stage->outcome != LG_STAGE_NOT_STOPPED)
            continue;
        left++;
        pthread_mutex_lock(&s->lock);
        lgi_escape("no time was left", stage->text, sizeof(stage->text));
        pthread_mutex_unlock(&s->lock);
        s->error = lg_error_join(
            s->error, lg_error_wrap(&lg_error_stage_not_stopped, "stop %s", stage->name));
    }
    lg_context_cancel(s->fallback);
    set_phase(s, LGI_PHASE_STOPPED);
    lgi_shutdown_log_report(s);
    lg_notify_status(s->options.notify, left > 0 ? "stopped, but not all" : "stopped");
    lgi_done_set(&s->stopped, &lg_error_shutting_down);
}

static lg_duration stop_step(lg_shutdown *s)
{
    lg_duration next = LG_DURATION_MAX;
    for (size_t i = 0; i < s->order.count; i++) {
        if (s->order.nodes[i].started && !s->order.nodes[i].ended)
            next = earlier(next, check_stop(s, i));
    }
    next = earlier(next, start_stops(s));
    for (size_t i = 0; i < s->order.count; i++) {
        if (s->order.nodes[i].started && !s->order.nodes[i].ended)
            next = earlier(next, stage_at(s, i)->give_up);
    }
    if (s->running == 0 && next == LG_DURATION_MAX)
        end_stops(s);
    return next;
}

/* While the program's main loop stands still, the watchdog is ours to serve: our time is bounded. */
static lg_duration serve_watchdog(lg_shutdown *s)
{
    lg_duration half = lg_notify_watchdog_interval(s->options.notify) / 2, now = lg_now();
    if (half <= 0)
        return LG_DURATION_MAX;
    if (now >= s->next_sign) {
        lg_notify_watchdog(s->options.notify);
        s->next_sign = now + half;
    }
    return s->next_sign;
}

/* ---- all of it ---- */

lg_duration lgi_shutdown_step(lg_shutdown *s)
{
    pthread_mutex_lock(&s->lock);
    int signal = __atomic_load_n(&s->signal, __ATOMIC_ACQUIRE);
    if (signal != 0 && s->phase == LGI_PHASE_UP && !s->request_wanted) {
        s->request_wanted = true;
        snprintf(s->reason, sizeof(s->reason), "%s", lg_error_message(lgi_signal_error(signal)));
    }
    bool request = s->request_wanted, stop = s->stop_wanted, plan = s->plan_wanted;
    s->plan_wanted = false;
    if (stop && !request && s->phase == LGI_PHASE_UP)
        snprintf(s->reason, sizeof(s->reason), "the program stops");
    pthread_mutex_unlock(&s->lock);

    if (plan)
        lgi_shutdown_log_plan(s);
    if (s->phase == LGI_PHASE_UP && (request || stop))
        begin_request(s, request && !stop);
    if (s->phase == LGI_PHASE_DRAINING) {
        if (!stop && lg_now() < s->drain_until)
            return s->drain_until;
        tell_program(s);
    }
    if (s->phase == LGI_PHASE_REQUESTED && stop)
        begin_stops(s);
    if (s->phase == LGI_PHASE_STOPPING) {
        lg_duration sign = serve_watchdog(s);
        return earlier(stop_step(s), sign);
    }
    return LG_DURATION_MAX;
}
