#define _GNU_SOURCE
#include "recorder.h"

#include "run_state.h"
#include "signals.h"
#include "stop.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- what happens ---- */

struct event line_event(const struct line *line, enum event_kind kind)
{
    return (struct event){.kind = kind,
                          .job = line->job,
                          .text = line->shown,
                          .length = strlen(line->shown),
                          .took = -1};
}

struct event job_event(const struct line *line, enum event_kind kind)
{
    return (struct event){.kind = kind, .job = line->job, .took = -1};
}

void run_record(const struct run *run, struct event event)
{
    event.at = lg_since(run->began);
    if (run->recorder)
        run->recorder->tell(&event);
}

static void report_event(const char *tag, const struct event *event)
{
    char took[DURATION_SHORT_SIZE], details[JOB_TEXT_SIZE + DURATION_SHORT_SIZE + 2];
    if (event->took >= 0)
        snprintf(details, sizeof(details), "%s, %s", event->result,
                 duration_short(event->took, took));
    message_event(tag, event_word(event->kind), event->text,
                  event->took >= 0 ? details : event->result);
}

void run_tell(const struct run *run, const char *tag, struct event event)
{
    if (!run->recorder || !run->recorder->alone)
        report_event(tag, &event);
    run_record(run, event);
}

void run_tell_end(const struct run *run, const char *tag, struct event event, const struct job *job)
{
    char result[JOB_TEXT_SIZE];
    event.result = job_result(job, result);
    event.took = job->took;
    run_tell(run, tag, event);
}

static bool is_finished(const struct run *run, const char *job)
{
    for (const struct cleanup *cleanup = run->cleanups; cleanup; cleanup = cleanup->next)
        if (!cleanup->over && strcmp(cleanup->line->job, job) == 0)
            return false;
    for (const struct background *b = run->backgrounds; b; b = b->next)
        if (!b->over && strcmp(b->line->job, job) == 0)
            return false;
    return true;
}

void run_record_finished(const struct run *run, const struct line *line)
{
    if (run->recorder && line && *line->job && is_finished(run, line->job))
        run_record(run, job_event(line, EVENT_FINISHED));
}

void run_record_cancelled(const struct run *run, size_t started)
{
    for (size_t i = 0; i < run->file->count && run->recorder; i++) {
        const struct line *line = &run->file->lines[i];
        if (line->kind == LINE_DEFER)
            continue;
        if (started > 0)
            started--;
        else
            run_record(run, job_event(line, EVENT_JOB_CANCELLED));
    }
}

/* ---- what is printed ---- */

struct capture *run_capture(const struct run *run, const char *job, enum captured what, int ends[2])
{
    return run->recorder ? run->recorder->capture(job, what, ends) : NULL;
}

void run_captured(const int ends[2])
{
    if (ends[0])
        close(ends[0]);
    if (ends[1] && ends[1] != ends[0])
        close(ends[1]);
}

void run_leave_capture(struct run *run, struct capture *capture)
{
    if (!capture)
        return;
    enum taken taken;
    while ((taken = run->recorder->taken(capture)) != TAKEN) {
        if (taken == BLOCKED && run->status > RUN_FAILED)
            break; /* the cleanups do not wait for a reader who does not read */
        news_wait(&run->news, lg_now() + LG_MILLISECOND);
    }
    run->recorder->leave(capture);
}

void run_await_readers(struct run *run)
{
    run->over = true;
    size_t requests = run->news.requests;
    while (run->recorder && run->recorder->taken(NULL) != TAKEN && run->news.requests == requests)
        news_wait(&run->news, lg_now() + LG_MILLISECOND);
}
