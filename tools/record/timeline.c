#define _GNU_SOURCE
#include "timeline.h"

#include "message.h"

#include <lifoguard/defer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct timeline_builder {
    struct sink sink;
    struct timeline *timeline;
};

static struct timeline_job *job_of(struct timeline *timeline, const char *name)
{
    for (struct timeline_job *job = timeline->first; job; job = job->next)
        if (strcmp(job->name, name) == 0)
            return job;
    struct timeline_job *job = arena_take(&timeline->arena, sizeof(*job));
    job->name = arena_copy(&timeline->arena, name, strlen(name));
    job->state = EVENT_BEGIN;
    job->took = -1;
    if (timeline->last)
        timeline->last->next = job;
    else
        timeline->first = job;
    timeline->last = job;
    return job;
}

static void open_span(struct timeline *timeline, struct timeline_job *job,
                      const struct event *event)
{
    struct span *span = arena_take(&timeline->arena, sizeof(*span));
    *span = (struct span){.kind = event->cleanup ? SPAN_CLEANUP : SPAN_COMMAND,
                          .text = arena_copy(&timeline->arena, event->text, event->length),
                          .cleanup = event->cleanup,
                          .began = event->at,
                          .ended = event->at};
    if (job->last)
        job->last->next = span;
    else
        job->first = span;
    job->last = span;
}

/* The newest that is open: of this cleanup, or a command with this text. */
static struct span *find_open(struct timeline_job *job, const struct event *event)
{
    struct span *found = NULL;
    for (struct span *span = job->first; span; span = span->next)
        if (span->how == SPAN_OPEN && span->cleanup == event->cleanup &&
            (event->cleanup || (strlen(span->text) == event->length &&
                                memcmp(span->text, event->text, event->length) == 0)))
            found = span;
    return found;
}

static void close_span(struct timeline *timeline, struct timeline_job *job,
                       const struct event *event, enum span_end how)
{
    struct span *span = find_open(job, event);
    if (!span)
        return;
    span->how = how;
    span->ended = event->at;
    if (event->result)
        span->result = arena_copy(&timeline->arena, event->result, strlen(event->result));
}

/* The end of it is enough to see why a job failed. */
static void keep_output(struct timeline_job *job, const struct event *event)
{
    enum { KEPT = 16 * 1024 };
    struct buffer *output = &job->output;
    buffer_add(output, event->text, event->length);
    buffer_add_char(output, '\n');
    if (output->length / 2 < KEPT)
        return;
    size_t drop = output->length - KEPT;
    const char *line = memchr(output->text + drop, '\n', KEPT);
    drop = line ? (size_t)(line + 1 - output->text) : drop;
    memmove(output->text, output->text + drop, output->length - drop);
    output->length -= drop;
    output->text[output->length] = '\0';
}

static void set_state(struct timeline *timeline, struct timeline_job *job,
                      const struct event *event)
{
    job->state = event->kind;
    job->took = event->took;
    if (event->result)
        job->error = arena_copy(&timeline->arena, event->result, strlen(event->result));
    for (struct span *span = job->first; event->kind == EVENT_READY && span; span = span->next)
        if (span->how == SPAN_OPEN)
            span->kind = SPAN_SERVICE;
}

static void take_of_job(struct timeline *timeline, const struct event *event)
{
    struct timeline_job *job = job_of(timeline, event->job);
    switch (event->kind) {
    case EVENT_START:
    case EVENT_CLEANUP_START: open_span(timeline, job, event); break;
    case EVENT_OK:
    case EVENT_CLEANUP_OK: close_span(timeline, job, event, SPAN_OK); break;
    case EVENT_FAILED:
    case EVENT_CLEANUP_FAILED: close_span(timeline, job, event, SPAN_FAILED); break;
    case EVENT_STOPPED: close_span(timeline, job, event, SPAN_STOPPED); break;
    case EVENT_ENDED: close_span(timeline, job, event, SPAN_OK); break;
    case EVENT_OUTPUT: keep_output(job, event); break;
    case EVENT_READY:
    case EVENT_JOB_OK:
    case EVENT_JOB_FAILED:
    case EVENT_JOB_SKIPPED:
    case EVENT_JOB_CANCELLED: set_state(timeline, job, event); break;
    default: break;
    }
}

static void take(struct sink *sink, const struct event *event)
{
    struct timeline *timeline = ((struct timeline_builder *)sink)->timeline;
    if (event->kind == EVENT_BEGIN) {
        timeline->file = arena_copy(&timeline->arena, event->text, event->length);
    } else if (event->kind == EVENT_END) {
        timeline->verdict = arena_copy(&timeline->arena, event->text, event->length);
        timeline->took = event->at;
        timeline->status = event->status;
        timeline->ended = true;
    } else if (event->kind != EVENT_MESSAGE) {
        take_of_job(timeline, event);
        timeline->took = event->at;
    }
}

static bool end_builder(struct sink *sink)
{
    free(sink);
    return true;
}

struct sink *timeline_sink(struct timeline *timeline)
{
    struct timeline_builder *builder = need_memory(NULL, sizeof(*builder));
    *builder = (struct timeline_builder){.sink = {.take = take, .end = end_builder},
                                         .timeline = timeline};
    return &builder->sink;
}

void timeline_free(struct timeline *timeline)
{
    for (struct timeline_job *job = timeline->first; job; job = job->next)
        buffer_free(&job->output);
    arena_free(&timeline->arena);
}

const char *timeline_state(const struct timeline_job *job)
{
    switch (job->state) {
    case EVENT_JOB_OK: return "ok";
    case EVENT_JOB_FAILED: return "failed";
    case EVENT_JOB_SKIPPED: return "skipped";
    case EVENT_JOB_CANCELLED: return "cancelled";
    case EVENT_READY: return "service";
    default: return *job->name ? "not ended" : "run";
    }
}

const char *timeline_verdict(const struct timeline *timeline)
{
    return timeline->ended     ? timeline->verdict
           : timeline->running ? "running"
           : timeline->file    ? "no end recorded"
                               : "not recorded";
}

/* ---- for people ---- */

static const char *span_result(const struct span *span)
{
    static const char *const names[] = {"not ended", "ok", "failed", "stopped"};
    return span->how != SPAN_OK && span->result ? span->result : names[span->how];
}

static void print_span(const struct span *span)
{
    char text[DURATION_SHORT_SIZE];
    static const char *const kinds[] = {"", "service ", "cleanup "};
    struct buffer line = {0};
    lg_defer(buffer_free, &line);
    buffer_add_visible(&line, span->text);
    printf("    %10s  %s%s  (%s)\n", duration_short(span->ended - span->began, text),
           kinds[span->kind], line.text ? line.text : "", span_result(span));
}

static void print_head(const struct timeline *timeline)
{
    char text[DURATION_SHORT_SIZE];
    struct buffer file = {0};
    lg_defer(buffer_free, &file);
    buffer_add_visible(&file, timeline->file ? timeline->file : "?");
    printf("run %s: %s\n%s", timeline->run, file.text, timeline_verdict(timeline));
    if (timeline->ended)
        printf(", %s\n", duration_short(timeline->took, text));
    else if (timeline->file)
        printf("; the last that is recorded came after %s\n", duration_short(timeline->took, text));
    else
        printf(": the disk was full or failed, or lifoguard was killed at once\n");
}

void timeline_print(const struct timeline *timeline)
{
    print_head(timeline);
    for (const struct timeline_job *job = timeline->first; job; job = job->next) {
        struct buffer error = {0};
        if (job->error)
            buffer_add_visible(&error, job->error);
        printf("\n  %s: %s%s%s\n", *job->name ? job->name : "(the run)", timeline_state(job),
               error.text ? ": " : "", error.text ? error.text : "");
        buffer_free(&error);
        for (const struct span *span = job->first; span; span = span->next)
            print_span(span);
    }
}
