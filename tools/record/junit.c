#define _GNU_SOURCE
#include "timeline.h"

#include <lifoguard/defer.h>
#include <string.h>

static void put_seconds(struct buffer *text, lg_duration duration)
{
    if (duration < 0)
        duration = 0;
    buffer_format(text, "%lld.%03lld", (long long)(duration / LG_SECOND),
                  (long long)(duration % LG_SECOND / LG_MILLISECOND));
}

static void put_case(struct buffer *text, const struct timeline_job *job, const char *suffix,
                     lg_duration took)
{
    buffer_add_text(text, "  <testcase classname=\"lifoguard\" name=\"");
    markup_put(text, *job->name ? job->name : "run", strlen(*job->name ? job->name : "run"));
    buffer_format(text, "%s\" time=\"", suffix);
    put_seconds(text, took);
    buffer_add_text(text, "\">\n");
}

static void put_message(struct buffer *text, const char *element, const char *message)
{
    buffer_format(text, "    <%s message=\"", element);
    markup_put(text, message, strlen(message));
    buffer_add_text(text, "\"/>\n");
}

static void put_output(struct buffer *text, const struct timeline_job *job)
{
    if (!job->output.length)
        return;
    buffer_add_text(text, "    <system-out>");
    markup_put(text, job->output.text, job->output.length);
    buffer_add_text(text, "</system-out>\n");
}

static void put_job(struct buffer *text, const struct timeline_job *job)
{
    put_case(text, job, "", job->took);
    const char *error = job->error ? job->error : timeline_state(job);
    if (job->state == EVENT_JOB_FAILED)
        put_message(text, "failure", error);
    else if (job->state != EVENT_JOB_OK && job->state != EVENT_READY)
        put_message(text, "skipped", error);
    put_output(text, job);
    buffer_add_text(text, "  </testcase>\n");
}

/* A cleanup is a case only if it failed. */
static void put_failed_cleanup(struct buffer *text, const struct timeline_job *job,
                               const struct span *span)
{
    struct buffer suffix = {0};
    lg_defer(buffer_free, &suffix);
    buffer_format(&suffix, " cleanup %zu", span->cleanup);
    put_case(text, job, suffix.text, span->ended - span->began);
    put_message(text, "failure", span->result ? span->result : "failed");
    buffer_add_text(text, "  </testcase>\n");
}

struct counts {
    size_t tests, failures, skipped;
};

static bool is_failed_cleanup(const struct span *span)
{
    return span->kind == SPAN_CLEANUP && span->how == SPAN_FAILED;
}

static struct counts count(const struct timeline *timeline)
{
    struct counts counts = {0};
    for (const struct timeline_job *job = timeline->first; job; job = job->next) {
        counts.tests += *job->name != '\0';
        counts.failures += job->state == EVENT_JOB_FAILED;
        counts.skipped += *job->name != '\0' && job->state != EVENT_JOB_FAILED &&
                          job->state != EVENT_JOB_OK && job->state != EVENT_READY;
        for (const struct span *span = job->first; span; span = span->next) {
            counts.tests += is_failed_cleanup(span);
            counts.failures += is_failed_cleanup(span);
        }
    }
    return counts;
}

void timeline_put_junit(const struct timeline *timeline, struct buffer *text)
{
    const struct counts counts = count(timeline);
    const char *file = timeline->file ? timeline->file : "";
    buffer_add_text(text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"");
    markup_put(text, file, strlen(file));
    buffer_format(text, "\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\" time=\"",
                  counts.tests, counts.failures, counts.skipped);
    put_seconds(text, timeline->took);
    buffer_add_text(text, "\">\n");
    for (const struct timeline_job *job = timeline->first; job; job = job->next) {
        if (*job->name)
            put_job(text, job);
        for (const struct span *span = job->first; span; span = span->next)
            if (is_failed_cleanup(span))
                put_failed_cleanup(text, job, span);
    }
    buffer_add_text(text, "</testsuite>\n");
}
