/* The report of an lg_shutdown: as text, as JSON, as lines of a log. This file allocates no memory. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <lifoguard/impl/time.h>
#include <lifoguard/limit.h>

#include "error/escape.h"
#include "error/keep_errno.h"
#include "shutdown/internal.h"

/* ---- text ---- */

struct text {
    char *buffer;
    size_t size, length;
};

static void put(struct text *text, const char *bytes, size_t count)
{
    if (text->length < text->size) {
        size_t room = text->size - text->length;
        memcpy(text->buffer + text->length, bytes, count < room ? count : room);
    }
    text->length += count;
}

static LGI_PRINTF(2, 3) void put_format(struct text *text, const char *format, ...)
{
    char piece[1024];
    va_list values;
    va_start(values, format);
    int length = vsnprintf(piece, sizeof(piece), format, values);
    va_end(values);
    if (length > 0)
        put(text, piece, (size_t)length < sizeof(piece) ? (size_t)length : sizeof(piece) - 1);
}

static size_t end_text(struct text *text)
{
    if (text->size > 0)
        text->buffer[text->length < text->size ? text->length : text->size - 1] = '\0';
    return text->length;
}

static void put_json_string(struct text *text, const char *string)
{
    put(text, "\"", 1);
    while (*string) {
        size_t step = lgi_utf8_length(string);
        if (step == 0)
            put(text, "\\ufffd", 6);
        else if (*string == '"' || *string == '\\')
            put_format(text, "\\%c", *string);
        else if (lgi_is_control(string, step))
            put_format(text, "\\u%04x", lgi_code_point(string, step));
        else
            put(text, string, step);
        string += step ? step : 1;
    }
    put(text, "\"", 1);
}

static void put_json_seconds(struct text *text, const char *name, lg_duration duration)
{
    if (duration < 0)
        duration = 0;
    put_format(text, ",\"%s\":%jd.%09jd", name, (intmax_t)(duration / LG_SECOND),
               (intmax_t)(duration % LG_SECOND));
}

static const char *stages(size_t count)
{
    return count == 1 ? "stage" : "stages";
}

/* ---- stages ---- */

const char *lg_stage_outcome_name(lg_stage_outcome outcome)
{
    switch (outcome) {
    case LG_STAGE_NOT_STOPPED: return "not stopped";
    case LG_STAGE_STOPPING: return "stopping";
    case LG_STAGE_DONE: return "done";
    case LG_STAGE_FAILED: return "failed";
    case LG_STAGE_TIMED_OUT: return "timed out";
    case LG_STAGE_PANICKED: return "panicked";
    }
    return "unknown";
}

static lg_shutdown *unconst(const lg_shutdown *s)
{
    return (lg_shutdown *)(uintptr_t)s;
}

/* Number `index`: by rank, then those without, the one added last first. */
static const struct lgi_stage *find(const lg_shutdown *s, size_t index)
{
    if (index >= s->order.count)
        return NULL;
    size_t others = s->ranks;
    for (size_t i = s->order.count; i-- > 0;) {
        const struct lgi_stage *stage = s->order.nodes[i].stage;
        if (stage->rank > 0 ? stage->rank == index + 1 : others++ == index)
            return stage;
    }
    return NULL;
}

static bool report_on(const lg_shutdown *s, size_t index, lg_stage_report *report)
{
    const struct lgi_stage *stage = find(s, index);
    if (!stage)
        return false;
    bool over = stage->outcome >= LG_STAGE_DONE || s->phase == LGI_PHASE_STOPPED;
    *report = (lg_stage_report){
        .name = stage->name,
        .outcome = stage->outcome,
        .took = stage->took,
        .limit = stage->rank > 0 ? stage->given : stage->limit,
        .error = over ? stage->text : "",
    };
    if (stage->rank > 0) {
        report->began = stage->began - s->began;
        if (!over)
            report->took = lg_now() - stage->began;
    }
    return true;
}

bool lg_shutdown_stage(const lg_shutdown *shutdown, size_t index, lg_stage_report *report)
{
    lg_shutdown *s = unconst(shutdown);
    pthread_mutex_lock(&s->lock);
    bool found = report_on(s, index, report);
    pthread_mutex_unlock(&s->lock);
    return found;
}

static lg_duration took(const lg_shutdown *s)
{
    return s->phase < LGI_PHASE_STOPPING   ? 0
           : s->phase == LGI_PHASE_STOPPED ? s->took
                                           : lg_now() - s->began;
}

static size_t longest_name(const lg_shutdown *s)
{
    size_t longest = 0;
    for (size_t i = 0; i < s->order.count; i++) {
        size_t length = strlen(s->order.nodes[i].name);
        if (length > longest)
            longest = length;
    }
    return longest < 32 ? longest : 32;
}

static void put_stage(struct text *text, const lg_stage_report *report, int width)
{
    char time[LG_DURATION_TEXT_SIZE], limit[LG_DURATION_TEXT_SIZE], name[128];
    lgi_escape(report->name, name, sizeof(name));
    lg_duration_format(report->took, time, sizeof(time));
    lg_duration_format(report->limit, limit, sizeof(limit));
    put_format(text, "  %-*s  %-11s", width, name, lg_stage_outcome_name(report->outcome));
    if (report->outcome != LG_STAGE_NOT_STOPPED)
        put_format(text, "  %s of %s", time, limit);
    put_format(text, "%s%s\n", *report->error ? "  " : "", report->error);
}

/* ---- cleanups that overrun their limits (D20) ---- */

static void format_overrun(const lg_overrun *overrun, char *line, size_t size)
{
    char took[LG_DURATION_TEXT_SIZE], limit[LG_DURATION_TEXT_SIZE];
    lg_duration_format(lg_duration_round(overrun->took, LG_MILLISECOND), took, sizeof(took));
    lg_duration_format(overrun->limit, limit, sizeof(limit));
    snprintf(line, size, "%s  %s:%u: still running after %s, limit %s", overrun->call,
             overrun->file, overrun->line, took, limit);
}

static bool put_overrun(const lg_overrun *overrun, void *data)
{
    char line[512], escaped[512];
    format_overrun(overrun, line, sizeof(line));
    lgi_escape(line, escaped, sizeof(escaped));
    put_format(data, "  %s\n", escaped);
    return true;
}

static bool log_overrun(const lg_overrun *overrun, void *data)
{
    char line[512];
    format_overrun(overrun, line, sizeof(line));
    return lgi_shutdown_log(*(const int *)data, "shutdown:   %s", line);
}

struct json_list {
    struct text *text;
    bool begun;
};

static bool put_json_overrun(const lg_overrun *overrun, void *data)
{
    struct json_list *list = data;
    put_format(list->text, "%s{\"call\":", list->begun ? "," : ",\"overruns\":[");
    put_json_string(list->text, overrun->call);
    put_format(list->text, ",\"file\":");
    put_json_string(list->text, overrun->file);
    put_format(list->text, ",\"line\":%u", overrun->line);
    put_json_seconds(list->text, "took_seconds", overrun->took);
    put_json_seconds(list->text, "limit_seconds", overrun->limit);
    put_format(list->text, "}");
    list->begun = true;
    return true;
}

/* ---- */

size_t lg_shutdown_report_text(const lg_shutdown *shutdown, char *buffer, size_t size)
{
    lg_shutdown *s = unconst(shutdown);
    struct text text = {buffer, size, 0};
    char time[LG_DURATION_TEXT_SIZE], budget[LG_DURATION_TEXT_SIZE];
    char reason[4 * LGI_REASON_SIZE];
    lg_stage_report report;
    pthread_mutex_lock(&s->lock);
    lgi_escape(*s->reason ? s->reason : "not yet", reason, sizeof(reason));
    lg_duration_format(took(s), time, sizeof(time));
    lg_duration_format(s->options.budget, budget, sizeof(budget));
    put_format(&text, "shutdown: %s: %zu %s, %s of %s\n", reason, s->order.count,
               stages(s->order.count), time, budget);
    int width = (int)longest_name(s);
    for (size_t i = 0; report_on(s, i, &report); i++)
        put_stage(&text, &report, width);
    lg_overrun_visit(put_overrun, &text);
    pthread_mutex_unlock(&s->lock);
    return end_text(&text);
}

size_t lg_shutdown_report_json(const lg_shutdown *shutdown, char *buffer, size_t size)
{
    lg_shutdown *s = unconst(shutdown);
    struct text text = {buffer, size, 0};
    lg_stage_report report;
    pthread_mutex_lock(&s->lock);
    put_format(&text, "{\"reason\":");
    put_json_string(&text, s->reason);
    put_format(&text, ",\"signal\":%d", __atomic_load_n(&s->signal, __ATOMIC_ACQUIRE));
    put_json_seconds(&text, "budget_seconds", s->options.budget);
    put_json_seconds(&text, "took_seconds", took(s));
    put_format(&text, ",\"stages\":[");
    for (size_t i = 0; report_on(s, i, &report); i++) {
        put_format(&text, "%s{\"name\":", i ? "," : "");
        put_json_string(&text, report.name);
        put_format(&text, ",\"outcome\":\"%s\"", lg_stage_outcome_name(report.outcome));
        put_json_seconds(&text, "began_seconds", report.began);
        put_json_seconds(&text, "took_seconds", report.took);
        put_json_seconds(&text, "limit_seconds", report.limit);
        put_format(&text, ",\"error\":");
        put_json_string(&text, report.error);
        put_format(&text, "}");
    }
    put_format(&text, "]");
    struct json_list overruns = {&text, false};
    if (lg_overrun_visit(put_json_overrun, &overruns) > 0)
        put_format(&text, "]");
    put_format(&text, "}");
    pthread_mutex_unlock(&s->lock);
    return end_text(&text);
}

/* ---- the log ---- */

static bool write_line(int fd, const char *line, size_t length)
{
    struct pollfd writable = {.fd = fd, .events = POLLOUT};
    LGI_KEEP_ERRNO;
    ssize_t written = -1;
    /* If nobody reads it, that shall not be why the program does not end. */
    if (poll(&writable, 1, 100) == 1 && (writable.revents & POLLOUT))
        written = write(fd, line, length);
    return written == (ssize_t)length;
}

bool lgi_shutdown_log(int fd, const char *format, ...)
{
    char text[1024], line[1024];
    va_list values;
    if (fd <= 0)
        return false;
    va_start(values, format);
    int length = vsnprintf(text, sizeof(text), format, values);
    va_end(values);
    if (length < 0)
        return false;
    lgi_escape(text, line, sizeof(line) - 1);
    size_t end = strlen(line);
    line[end] = '\n';
    return write_line(fd, line, end + 1);
}

static void log_stages(lg_shutdown *s, int fd)
{
    lg_stage_report report;
    int width = (int)longest_name(s);
    for (size_t i = 0; report_on(s, i, &report); i++) {
        char line[1024];
        struct text text = {line, sizeof(line), 0};
        put_stage(&text, &report, width);
        end_text(&text);
        line[strcspn(line, "\n")] = '\0';
        if (!lgi_shutdown_log(fd, "shutdown: %s", line))
            return;
    }
}

void lgi_shutdown_log_report(lg_shutdown *s)
{
    char time[LG_DURATION_TEXT_SIZE];
    if (s->options.log <= 0)
        return;
    lg_duration_format(s->took, time, sizeof(time));
    lgi_shutdown_log(s->options.log, "shutdown: %s: %zu %s in %s", s->reason, s->order.count,
                     stages(s->order.count), time);
    log_stages(s, s->options.log);
    lg_overrun_visit(log_overrun, &s->options.log);
}

void lgi_shutdown_log_pending(lg_shutdown *s, int fd)
{
    lg_stage_report report;
    struct timespec soon;
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_sec += 1;
    bool locked = pthread_mutex_timedlock(&s->lock, &soon) == 0;
    for (size_t i = 0; locked && report_on(s, i, &report); i++) {
        char time[LG_DURATION_TEXT_SIZE];
        lg_duration_format(report.took, time, sizeof(time));
        if (report.outcome == LG_STAGE_STOPPING)
            lgi_shutdown_log(fd, "shutdown: pending: %s, stopping for %s", report.name, time);
        else if (report.outcome == LG_STAGE_NOT_STOPPED)
            lgi_shutdown_log(fd, "shutdown: pending: %s", report.name);
        else if (report.outcome == LG_STAGE_TIMED_OUT)
            lgi_shutdown_log(fd, "shutdown: pending: %s, timed out after %s", report.name, time);
    }
    if (locked)
        pthread_mutex_unlock(&s->lock);
    lg_overrun_visit(log_overrun, &fd);
}

/* ---- the plan ---- */

static void log_warnings(lg_shutdown *s, int fd)
{
    const lg_shutdown_options *o = &s->options;
    char a[LG_DURATION_TEXT_SIZE], b[LG_DURATION_TEXT_SIZE], c[LG_DURATION_TEXT_SIZE];
    lg_duration_format(o->budget, a, sizeof(a));
    if (s->order.claimed > o->budget) {
        lg_duration_format(s->order.claimed, b, sizeof(b));
        lgi_shutdown_log(fd,
                         "shutdown: warning: the limits come to %s, more than the budget of %s: if "
                         "they are used up, they are cut",
                         b, a);
    }
    if (o->grace_period > 0 && lgi_time_add(o->budget, o->drain_delay) > o->grace_period) {
        lg_duration_format(o->drain_delay, b, sizeof(b));
        lg_duration_format(o->grace_period, c, sizeof(c));
        lgi_shutdown_log(fd,
                         "shutdown: warning: the budget of %s and the drain delay of %s exceed the "
                         "grace period of %s: the process may be killed before it is done",
                         a, b, c);
    }
    for (size_t i = 0; i < s->order.count; i++) {
        const char *const *needs = s->order.nodes[i].needs;
        for (; needs && *needs; needs++) {
            bool found = false;
            for (size_t j = 0; j < s->order.count && !found; j++)
                found = strcmp(s->order.nodes[j].name, *needs) == 0;
            if (!found)
                lgi_shutdown_log(fd,
                                 "shutdown: warning: %s needs %s, but no stage has that name: "
                                 "add the stage, or correct the name",
                                 s->order.nodes[i].name, *needs);
        }
    }
}

static bool log_plan_stage(int fd, const struct lgi_stage *stage, int width)
{
    char line[768], limit[LG_DURATION_TEXT_SIZE] = "what is left";
    struct text text = {line, sizeof(line), 0};
    if (stage->limit > 0)
        lg_duration_format(stage->limit, limit, sizeof(limit));
    put_format(&text, "  %-*s  at most %s", width, stage->name, limit);
    for (const char *const *needs = stage->needs; needs && *needs; needs++)
        put_format(&text, "%s%s", needs == stage->needs ? ", before " : " and ", *needs);
    end_text(&text);
    return lgi_shutdown_log(fd, "shutdown: %s", line);
}

void lgi_shutdown_log_plan(lg_shutdown *s)
{
    char budget[LG_DURATION_TEXT_SIZE], limits[LG_DURATION_TEXT_SIZE];
    int fd = s->options.log;
    if (fd <= 0)
        return;
    pthread_mutex_lock(&s->lock);
    s->order.at_once = s->options.at_once;
    lgi_order_begin(&s->order, s->options.budget);
    lg_duration_format(s->options.budget, budget, sizeof(budget));
    lg_duration_format(s->order.claimed, limits, sizeof(limits));
    bool read = lgi_shutdown_log(
        fd, "shutdown: ready: %zu %s, with limits that come to %s, of a budget of %s",
        s->order.count, stages(s->order.count), limits, budget);
    int width = (int)longest_name(s);
    for (size_t i = s->order.count; read && i-- > 0;)
        read = log_plan_stage(fd, s->order.nodes[i].stage, width);
    if (read)
        log_warnings(s, fd);
    pthread_mutex_unlock(&s->lock);
}
