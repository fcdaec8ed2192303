/* The report of a supervisor: which members were restarted, and why. */
#include <string.h>

#include "error/escape.h"
#include "sched/text.h"
#include "supervisor/internal.h"

const char *lg_member_state_name(lg_member_state state)
{
    switch (state) {
    case LG_MEMBER_RUNNING: return "running";
    case LG_MEMBER_WAITING: return "waiting";
    case LG_MEMBER_ENDED: return "ended";
    case LG_MEMBER_FAILED: return "failed";
    case LG_MEMBER_GAVE_UP: return "gave up";
    case LG_MEMBER_STOPPED: return "stopped";
    }
    return "unknown";
}

const char *lg_restart_cause_name(lg_restart_cause cause)
{
    switch (cause) {
    case LG_RESTART_FAILED: return "failed";
    case LG_RESTART_PANICKED: return "panicked";
    case LG_RESTART_ENDED: return "ended";
    }
    return "unknown";
}

/* ---- under the lock ---- */

static void report_member(const struct lgi_supervised_member *m, lg_member_report *report)
{
    *report = (lg_member_report){.state = m->state, .starts = m->starts};
    memcpy(report->name, m->name, sizeof(report->name));
    memcpy(report->error, m->text, sizeof(report->error));
}

static size_t kept(const lg_supervisor *s)
{
    return s->logged < LGI_RESTARTS_KEPT ? s->logged : LGI_RESTARTS_KEPT;
}

static const lg_restart_report *restart_number(const lg_supervisor *s, size_t index)
{
    return &s->log[(s->logged - kept(s) + index) % LGI_RESTARTS_KEPT];
}

/* ---- for programs ---- */

bool lg_supervisor_member(lg_supervisor *supervisor, size_t index, lg_member_report *report)
{
    lgi_own_mutex_lock(&supervisor->lock);
    const struct lgi_supervised_member *m = supervisor->first;
    while (m && index-- > 0)
        m = m->next;
    if (m)
        report_member(m, report);
    lgi_own_mutex_unlock(&supervisor->lock);
    return m != NULL;
}

bool lg_supervisor_restart(lg_supervisor *supervisor, size_t index, lg_restart_report *report)
{
    lgi_own_mutex_lock(&supervisor->lock);
    bool found = index < kept(supervisor);
    if (found)
        *report = *restart_number(supervisor, index);
    lgi_own_mutex_unlock(&supervisor->lock);
    return found;
}

size_t lg_supervisor_restart_count(lg_supervisor *supervisor)
{
    lgi_own_mutex_lock(&supervisor->lock);
    size_t count = supervisor->logged;
    lgi_own_mutex_unlock(&supervisor->lock);
    return count;
}

/* ---- for people ---- */

static void put_escaped(struct lgi_text *text, const char *name, size_t width)
{
    char escaped[256];
    size_t length = lgi_escape(name, escaped, sizeof(escaped));
    lgi_text_put(text, escaped);
    for (; length < width; length++)
        lgi_text_put(text, " ");
}

static void put_duration(struct lgi_text *text, lg_duration duration)
{
    char time[LG_DURATION_TEXT_SIZE];
    lg_duration_format(lg_duration_round(duration, LG_MICROSECOND), time, sizeof(time));
    lgi_text_put(text, time);
}

/* ": text" if there is one. */
static void put_error(struct lgi_text *text, const char *error)
{
    lgi_text_put(text, *error ? ": " : "");
    lgi_text_put(text, error);
    lgi_text_put(text, "\n");
}

static size_t longest_name(const lg_supervisor *s)
{
    size_t longest = 0;
    for (const struct lgi_supervised_member *m = s->first; m; m = m->next)
        longest = strlen(m->name) > longest ? strlen(m->name) : longest;
    return longest;
}

static void put_head(struct lgi_text *text, const lg_supervisor *s)
{
    put_escaped(text, s->name, 0);
    lgi_text_put(text, s->options.all_for_one ? ": all for one, " : ": one for one, ");
    if (s->options.restarts < 0) {
        lgi_text_put(text, "any number of restarts\n");
        return;
    }
    lgi_text_put(text, "at most ");
    lgi_text_put_number(text, (uintmax_t)s->options.restarts);
    lgi_text_put(text, s->options.restarts == 1 ? " restart in " : " restarts in ");
    put_duration(text, s->options.within);
    lgi_text_put(text, "\n");
}

static void put_member(struct lgi_text *text, const struct lgi_supervised_member *m, size_t width)
{
    lgi_text_put(text, "  ");
    put_escaped(text, m->name, width);
    lgi_text_put(text, "  ");
    put_escaped(text, lg_member_state_name(m->state), sizeof("running") - 1);
    lgi_text_put(text, "  started ");
    lgi_text_put_number(text, m->starts);
    lgi_text_put(text, m->starts == 1 ? " time" : " times");
    put_error(text, m->text);
}

static void put_restart(struct lgi_text *text, const lg_restart_report *report)
{
    lgi_text_put(text, "  after ");
    put_duration(text, report->at);
    lgi_text_put(text, ": ");
    put_escaped(text, report->member, 0);
    lgi_text_put(text, " ");
    lgi_text_put(text, lg_restart_cause_name(report->cause));
    lgi_text_put(text, report->all ? ", all started again" : ", started again");
    lgi_text_put(text, " after another ");
    put_duration(text, report->delay);
    put_error(text, report->error);
}

size_t lg_supervisor_report_text(lg_supervisor *supervisor, char *buffer, size_t size)
{
    const lg_supervisor *s = supervisor;
    struct lgi_text text = {buffer, size, 0};
    if (size > 0)
        *buffer = '\0';
    lgi_own_mutex_lock(&supervisor->lock);
    put_head(&text, s);
    size_t width = longest_name(s);
    for (const struct lgi_supervised_member *m = s->first; m; m = m->next)
        put_member(&text, m, width);
    for (size_t i = 0; i < kept(s); i++)
        put_restart(&text, restart_number(s, i));
    lgi_own_mutex_unlock(&supervisor->lock);
    return text.length;
}
