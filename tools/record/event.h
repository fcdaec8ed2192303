/* The events of a run, for the rooms that show or record them. */
#ifndef LIFOGUARD_RECORD_EVENT_H
#define LIFOGUARD_RECORD_EVENT_H

#include <lifoguard/time.h>
#include <stdbool.h>
#include <stddef.h>

enum event_kind {
    EVENT_BEGIN,  /* of the run: `text` is the file */
    EVENT_START,  /* a command of a job: `text` */
    EVENT_OUTPUT, /* a line of its output, without the line feed */
    EVENT_OK,     /* a command has ended */
    EVENT_FAILED,
    EVENT_STOPPED, /* was made to end */
    EVENT_READY,   /* a service */
    EVENT_ENDED,   /* a service was ended */
    EVENT_JOB_OK,  /* a job as a whole; without its cleanups */
    EVENT_JOB_FAILED,
    EVENT_JOB_SKIPPED,
    EVENT_JOB_CANCELLED,
    EVENT_DEFER, /* a cleanup was registered */
    EVENT_CLEANUP_START,
    EVENT_CLEANUP_OK,
    EVENT_CLEANUP_FAILED,
    EVENT_FINISHED, /* a job with its cleanups */
    EVENT_MESSAGE,  /* of lifoguard itself: `text` */
    EVENT_END       /* of the run: `text` is the verdict */
};

enum { EVENT_KINDS = EVENT_END + 1 };

struct event {
    enum event_kind kind;
    lg_duration at;   /* since the run began */
    const char *job;  /* "": the run */
    const char *text; /* the command as the file says it, or as above */
    size_t length;
    const char *result; /* "exit status 1"; NULL: none */
    lg_duration took;   /* negative: none */
    size_t cleanup;     /* its number; 0: none */
    int status;         /* of EVENT_END */
};

/* "start", "cleanup-ok": as in --json */
const char *event_name(enum event_kind kind);

/* "start", "ok": as in the lines that people read; NULL: these have none of it. */
const char *event_word(enum event_kind kind);

/* A sink is told each event, in the order in which they happen. */
struct sink {
    void (*take)(struct sink *sink, const struct event *event);
    /* Ends the sink. False: something could not be written; that was said. */
    bool (*end)(struct sink *sink);
    bool
        unasked; /* the user has not asked for it: its failure is said, and changes no exit status */
    struct sink *next;
};

/* One JSON object, without a line feed. `wall` is the time of the event, in nanoseconds since 1970. */
struct buffer;
void event_put_json(struct buffer *text, const struct event *event, long long wall);
/* The length of the UTF-8 character at `at`, of which `left` bytes are there; 0: it is none. */
size_t utf8_length(const char *at, size_t left);
void json_put_string(struct buffer *text, const char *string, size_t length);

#endif
