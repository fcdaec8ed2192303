/* The receivers of the events of a run: the history, and the outputs that the command line asks for. */
#ifndef LIFOGUARD_RECORD_RECORD_H
#define LIFOGUARD_RECORD_RECORD_H

#include "event.h"
#include "mask.h"
#include "options.h"

struct timeline;

/* Of the command line. */
struct record_options {
    bool json;
    const char *log_directory, *report, *junit; /* NULL: none */
    const char *status;                         /* "run" or "first-failure" */
};

/* The first ones of a table of options: fills them in. */
enum { RECORD_OPTIONS = 5 };
void record_take_options(struct record_options *options, struct option table[RECORD_OPTIONS]);
lg_error *record_check_options(const struct record_options *options)
    __attribute__((__warn_unused_result__));
static inline bool record_wants_first_failure(const struct record_options *options)
{
    return options->status[0] == 'f';
}

struct record {
    const struct record_options *options;
    const char *place; /* NULL: there is no history */
    struct sink *sinks;
    struct timeline *timeline;
    struct mask mask; /* what commands print is told without it */
    bool failed; /* something that the user has asked for could not be written; that was said */
};

/* `place` is the state directory, `id` the run's: without them, there is no history. `jobs` are the names of the jobs; NULL ends them. */
void record_open(struct record *record, const struct record_options *options, const char *place,
                 const char *id, const char *const *jobs);

/* One more; NULL: none. */
void record_add(struct record *record, struct sink *sink);

/* If this NAME=VALUE is a secret, its value becomes *** in what commands print; those of the environment at record_open are known. */
void record_hide(struct record *record, const char *assignment);

void record_tell(const struct record *record, const struct event *event);

/* Ends the sinks: a view leaves the terminal. */
void record_end(struct record *record);

/* Likewise, and writes the pages. Returns the exit status of a run that would have `status`: if something that the user has asked for
 * (a page, a log, the events, the output of commands) could not be written, lifoguard itself has failed in a run that has succeeded.
 * (The history is kept unasked: if it cannot be written, that is only said.) */
int record_close(struct record *record, int status);

#endif
