/* The supervisor's goroutine: judges the members that have ended, and starts those whose time has come. */
#include <string.h>

#include <lifoguard/impl/time.h>
#include <lifoguard/panic.h>

#include "context/context.h"
#include "error/escape.h"
#include "supervisor/internal.h"

typedef struct lgi_supervised_member member;

LG_ERROR_DEFINE(lg_error_gave_up, "a supervised member gave up");

static bool is_gave_up(const void *payload, const lg_error *target)
{
    (void)payload;
    return target == &lg_error_gave_up;
}

static const lg_error_kind gave_up_kind = {.name = "supervisor", .is = is_gave_up};

/* ---- all members ---- */

static bool is_active(const member *m)
{
    return m->starting || m->state == LG_MEMBER_RUNNING || m->state == LG_MEMBER_WAITING;
}

static bool any_is_active(const lg_supervisor *s)
{
    for (const member *m = s->first; m; m = m->next)
        if (is_active(m))
            return true;
    return false;
}

/* All for one: members that have not ended although they are to be started again. */
static bool any_is_ending(const lg_supervisor *s)
{
    for (const member *m = s->first; m; m = m->next)
        if (m->state == LG_MEMBER_RUNNING && m->for_all)
            return true;
    return false;
}

/* ---- the end ---- */

static void stop(lg_supervisor *s)
{
    if (s->stopping)
        return;
    s->stopping = true;
    for (member *m = s->first; m; m = m->next)
        if (m->state == LG_MEMBER_WAITING)
            m->state = LG_MEMBER_STOPPED;
    lg_context_cancel(s->ctx);
}

/* It only passes on that the context was done. */
static bool is_echo(const lg_error *error)
{
    while (lg_error_cause(error))
        error = lg_error_cause(error);
    return error == &lg_error_cancelled || error == &lg_error_deadline_exceeded;
}

/* A member may have noticed the end of the parent of the supervisor's context before that context itself is done. */
static bool has_been_ended(const lg_supervisor *s)
{
    for (const member *m = s->ended; m; m = m->next_end)
        if (m->error && is_echo(m->error)) {
            lgi_context_await_ancestors((const struct lg_context *)s->ctx);
            break;
        }
    return lg_context_error(s->ctx) != NULL;
}

static void give_up(lg_supervisor *s, member *m, lg_error *error)
{
    char within[LG_DURATION_TEXT_SIZE];
    lg_duration_format(s->options.within, within, sizeof(within));
    m->state = LG_MEMBER_GAVE_UP;
    if (!error)
        error = lg_error_new("ended without an error");
    error = lg_error_wrap_kind(error, &gave_up_kind, NULL,
                               "%s: %s gave up after %d restart%s in %s", s->name, m->name,
                               s->options.restarts, s->options.restarts == 1 ? "" : "s", within);
    s->error = lg_error_join(s->error, error);
    stop(s);
}

/* ---- restarts ---- */

static uint64_t draw(lg_supervisor *s)
{
    s->random ^= s->random << 13;
    s->random ^= s->random >> 7;
    s->random ^= s->random << 17;
    return s->random;
}

static lg_restart_cause cause_of(const lg_error *error)
{
    if (!error)
        return LG_RESTART_ENDED;
    return lg_error_find(error, &lg_panic_kind) ? LG_RESTART_PANICKED : LG_RESTART_FAILED;
}

static void note(lg_supervisor *s, const member *m, const lg_error *error, unsigned count,
                 lg_time now, lg_duration delay)
{
    lg_restart_report *report = &s->log[s->logged++ % LGI_RESTARTS_KEPT];
    *report = (lg_restart_report){.cause = cause_of(error),
                                  .all = s->options.all_for_one,
                                  .count = count,
                                  .at = now - s->made,
                                  .delay = delay};
    memcpy(report->member, m->name, sizeof(report->member));
    if (error)
        memcpy(report->error, m->text, sizeof(report->error));
}

/* All for one: those that run are ended first, and those that wait for a restart of their own join in. */
static void end_all(lg_supervisor *s, lg_time due)
{
    for (member *m = s->first; m; m = m->next) {
        if (m->starting || m->for_all)
            continue;
        if (m->state == LG_MEMBER_WAITING || m->state == LG_MEMBER_RUNNING)
            m->due = due;
        if (m->state == LG_MEMBER_RUNNING) {
            m->for_all = true;
            lgi_supervised_cancel(m);
        }
    }
}

static void restart(lg_supervisor *s, member *m, lg_error *error)
{
    const lg_supervisor_options *options = &s->options;
    lg_time now = lg_now();
    int before = lgi_restarts_count(options->all_for_one ? &s->restarts : &m->restarts, now,
                                    options->within, options->restarts >= 0);
    if (before < 0) {
        give_up(s, m, error);
        return;
    }
    lg_duration delay = lgi_restart_delay(options->backoff, options->backoff_max, (unsigned)before,
                                          draw(s));
    note(s, m, error, (unsigned)before + 1, now, delay);
    lg_error_free(error);
    m->state = LG_MEMBER_WAITING;
    m->due = lgi_time_add(now, delay);
    if (options->all_for_one)
        end_all(s, m->due);
}

/* ---- what becomes of a member that has ended ---- */

static bool wants_restart(const member *m, const lg_error *error)
{
    return m->restart == LG_RESTART_ALWAYS || (error && m->restart == LG_RESTART_ON_FAILURE);
}

static void keep_text(member *m, const lg_error *error)
{
    char text[512];
    if (!error)
        return;
    lg_error_format(error, text, sizeof(text));
    lgi_escape(text, m->text, sizeof(m->text));
}

static void judge_stopped(lg_supervisor *s, member *m, lg_error *error)
{
    m->state = LG_MEMBER_STOPPED;
    if (!error || is_echo(error)) {
        lg_error_free(error);
        return;
    }
    keep_text(m, error);
    s->error = lg_error_join(s->error, lg_error_wrap(error, "%s: %s", s->name, m->name));
}

/* It was ended for another one's sake, and is started again with all. */
static void judge_ended_for_all(member *m, lg_error *error)
{
    lg_error_free(error);
    m->for_all = false;
    m->state = m->restart == LG_RESTART_NEVER ? LG_MEMBER_STOPPED : LG_MEMBER_WAITING;
}

static void judge(lg_supervisor *s, member *m)
{
    lg_error *error = m->error;
    m->error = NULL;
    if (s->stopping) {
        judge_stopped(s, m, error);
    } else if (m->for_all) {
        judge_ended_for_all(m, error);
    } else {
        keep_text(m, error);
        if (wants_restart(m, error)) {
            restart(s, m, error);
            return;
        }
        m->state = error ? LG_MEMBER_FAILED : LG_MEMBER_ENDED;
        lg_error_free(error);
    }
}

static void judge_all(lg_supervisor *s)
{
    member *m;
    while ((m = s->ended)) {
        s->ended = m->next_end;
        if (!s->ended)
            s->ended_end = &s->ended;
        judge(s, m);
    }
}

/* ---- what is kept of those that have ended for good ---- */

static bool is_over_for_good(const member *m)
{
    return !m->starting && (m->state == LG_MEMBER_ENDED || m->state == LG_MEMBER_FAILED);
}

/* Of a supervisor that starts a member for each connection, say, all members that ever were would be too many. */
static void forget_oldest(lg_supervisor *s)
{
    size_t count = 0;
    for (const member *m = s->first; m; m = m->next)
        count += is_over_for_good(m);
    for (member *m = s->first, *next; count > LGI_ENDED_MEMBERS_KEPT; m = next) {
        next = m->next;
        if (is_over_for_good(m)) {
            lgi_supervised_remove_and_free(s, m);
            count--;
        }
    }
}

/* ---- */

/* A start that fails counts as a failure of the member. */
static void start(member *m)
{
    lg_error *error = lgi_supervised_start(m);
    if (error)
        lgi_supervised_ended(m, error);
}

/* Starts whose time has come, in the order of adding. Returns when the next is due. */
static lg_time start_due(lg_supervisor *s)
{
    lg_time next = LG_TIME_MAX;
    if (s->stopping || any_is_ending(s))
        return next;
    lg_time now = lg_now();
    for (member *m = s->first; m; m = m->next) {
        if (m->state != LG_MEMBER_WAITING)
            continue;
        if (m->due <= now)
            start(m);
        else if (m->due < next)
            next = m->due;
    }
    return next;
}

static bool is_over(const lg_supervisor *s)
{
    return (s->stopping || s->waits > 0) && !any_is_active(s);
}

/* Until a member ends, or is due, or something else has changed. */
static void wait(lg_supervisor *s, lg_time next)
{
    lg_until until = s->stopping ? lg_until_forever() : lg_until_context(s->ctx);
    until.lgi_deadline = next;
    lg_error_free(lg_cond_wait_until(&s->changed, &s->lock, until));
}

lg_error *lgi_supervisor_control(lg_supervisor *s)
{
    lg_func (lg_error *, err) {
        lgi_own_mutex_lock(&s->lock);
        lg_defer(lgi_own_mutex_unlock, &s->lock);
        for (;;) {
            if (has_been_ended(s))
                stop(s);
            judge_all(s);
            forget_oldest(s);
            lg_time next = start_due(s);
            if (s->ended)
                continue; /* one could not be started */
            if (is_over(s))
                break;
            wait(s, next);
        }
        s->stopping = true;
        err = s->error;
        s->error = NULL;
    }
}
