/* The times of a run, made from its events, for the page, the JUnit file and `lifoguard show`. */
#ifndef LIFOGUARD_RECORD_TIMELINE_H
#define LIFOGUARD_RECORD_TIMELINE_H

#include "arena.h"
#include "buffer.h"
#include "event.h"

enum span_kind { SPAN_COMMAND, SPAN_SERVICE, SPAN_CLEANUP };
enum span_end { SPAN_OPEN, SPAN_OK, SPAN_FAILED, SPAN_STOPPED };

/* A command, from its start to its end. */
struct span {
    struct span *next;
    enum span_kind kind;
    enum span_end how;
    const char *text, *result;
    size_t cleanup;
    lg_duration began, ended;
};

struct timeline_job {
    struct timeline_job *next;
    const char *name;      /* "": the run itself */
    enum event_kind state; /* EVENT_JOB_OK and its like, or EVENT_READY; EVENT_BEGIN: not known */
    const char *error;
    lg_duration took; /* negative: it did not run */
    struct span *first, *last;
    struct buffer output; /* its end */
};

struct timeline {
    struct arena arena;
    struct timeline_job *first, *last;
    const char *file, *run, *verdict; /* file NULL: nothing is known of the run */
    lg_duration took;
    int status;
    bool ended, running; /* neither: it was killed, or could not be recorded to its end */
};

struct sink *timeline_sink(struct timeline *timeline);
/* For lg_defer. */
void timeline_free(struct timeline *timeline);

/* A page of its own, without anything to be loaded. */
void timeline_put_page(const struct timeline *timeline, struct buffer *page);
void timeline_put_junit(const struct timeline *timeline, struct buffer *text);
/* For people, on standard output. */
void timeline_print(const struct timeline *timeline);

/* As text of XML and HTML, in an element or in an attribute: what XML cannot hold becomes the replacement character. */
void markup_put(struct buffer *text, const char *string, size_t length);

/* The verdict, or what is known instead. */
const char *timeline_verdict(const struct timeline *timeline);

/* "ok", "failed", "skipped", "cancelled", "service" */
const char *timeline_state(const struct timeline_job *job);

#endif
