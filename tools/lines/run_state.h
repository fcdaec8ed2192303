/* The state of one run, which the rooms of a run share: lines, cleanups, background lines, requests. */
#ifndef LIFOGUARD_LINES_STATE_H
#define LIFOGUARD_LINES_STATE_H

#include "holder.h"
#include "job.h"
#include "message.h"
#include "news.h"
#include "parse.h"
#include "recorder.h"
#include "run.h"
#include "secret.h"

#include <lifoguard/lifoguard.h>

enum { TAG_SIZE = 48 };

struct run;
struct background;

/* A registered `defer COMMAND`. */
struct cleanup {
    struct run *run;
    const struct line *line;
    size_t number;
    char *command; /* expanded, but for secrets */
    struct secret_values secrets;
    int64_t sequence; /* the guardian's number of it; 0: it is not on disk */
    bool unknown;     /* nobody knows whether there is anything to release */
    bool begun;
    bool over;
    int output[2];              /* where it prints; 0: our own */
    struct background *guarded; /* the background line that it is for, or NULL */
    struct cleanup *next;
};

struct background {
    struct run *run;
    const struct line *line;
    char tag[TAG_SIZE];
    struct job job;
    bool has_cleanup; /* a defer line of its own is to end it */
    bool releasing;   /* that defer line has begun */
    bool said;        /* that it has ended */
    bool over;        /* its turn in the cleanups has come and gone */
    unsigned batch;   /* those of a batch were started one after the other, with nothing between */
    struct background *next;
};

/* What runs at the moment: a line, a cleanup, or a background job that is being ended. */
struct foreground {
    struct job *job;
    const struct line *line;  /* NULL: a cleanup */
    const struct line *place; /* the line that it stands in */
};

struct run {
    const struct job_file *file;
    struct news news;
    const struct foreground *now;    /* NULL: none */
    struct holder holder;            /* of the cleanups */
    const struct recorder *recorder; /* NULL: none */
    lg_time began;
    lg_duration grace;
    lg_duration cleanup_limit;
    int status;                 /* the first failure or signal decides it */
    char result[JOB_TEXT_SIZE]; /* of the last command that was waited for */
    char cause[JOB_TEXT_SIZE];  /* that of what failed first */
    int first_failure;          /* the exit status of the first line that failed; 0: none */
    bool stopping;              /* no further job is started */
    bool cleaning;              /* the cleanups have begun */
    bool forced;                /* by SIGQUIT: no cleanup is started either */
    bool over;                  /* nothing is left to be done: signals ask for nothing more */
    bool keep;                  /* none is started here, and nothing is ended that may run on */
    lg_time warned; /* when it was said that the next signal ends a cleanup; 0: not yet */
    lg_error *failures;
    size_t done; /* jobs that succeeded */
    size_t cleanups_run;
    struct cleanup *cleanups;     /* all that were registered, last first */
    struct cleanup *foreseen;     /* of the line that runs, the first one first */
    const struct line *acquiring; /* that line */
    struct background *backgrounds;
    struct background *guarded; /* the one that a defer line just below would be for */
    unsigned batch;
    mode_t umask;
    const char **first_environment; /* what the run began with */
    const char **environment;       /* of an attempt at a cleanup */
    bool any_late;                  /* a cleanup reads variables when it runs */
    char last_pid[24];
    char last_shell[24]; /* the process number of the last line's shell: what $$ was there */
};

/* How long the command of a line has to end by itself. */
lg_duration run_grace(const struct run *run, const struct line *line);

/* How long the command of a line may run: what the line says, or else `otherwise`. */
lg_duration line_limit(const struct line *line, lg_duration otherwise);

/* Starts the command of a line, which begins as this program was started. What of `launch` is not the same for all lines is set. */
struct launch;
lg_error *run_start(const struct run *run, const struct line *line, struct job *job,
                    const char *command, struct launch *launch, const struct job_options *options)
    __attribute__((__warn_unused_result__));

/* The first one stays: of the run, and of its lines. */
void run_set_status(struct run *run, int status);
void run_note_failure(struct run *run, int exit_status);
void run_note_cause(struct run *run, const char *result);

/* Around the start of a command: where its output goes. */
struct capture *run_capture(const struct run *run, const char *job, enum captured what,
                            int ends[2]);
void run_captured(const int ends[2]);
/* Once the command has ended, or at once, if it is not waited for. NULL: nothing was captured. */
void run_leave_capture(struct run *run, struct capture *capture);
/* At the end: until all that was printed is read, or a signal comes. */
void run_await_readers(struct run *run);

/* A line or a cleanup has failed; `why` becomes part of what is told at the end. */
void run_fail(struct run *run, const struct line *line, lg_error *why);

/* "exit status 1: COMMAND" */
lg_error *job_error(const struct job *job, const char *command);

/* Tells what happens: on stderr, with `tag`, and the recorder. */
void run_tell(const struct run *run, const char *tag, struct event event);

/* Tells the recorder only. */
void run_record(const struct run *run, struct event event);

/* Tells how a command ended, and how long it took. `event` says what happened to which line or cleanup. */
void run_tell_end(const struct run *run, const char *tag, struct event event,
                  const struct job *job);

/* Of a line: that it is over with its cleanups, if it is. NULL: nothing. */
void run_record_finished(const struct run *run, const struct line *line);

/* Of the lines behind the first `started`: that they will not run. */
void run_record_cancelled(const struct run *run, size_t started);

/* A line or a cleanup, in an event of this kind. */
struct event line_event(const struct line *line, enum event_kind kind);

/* What became of a line as a whole. */
struct event job_event(const struct line *line, enum event_kind kind);

/* The value of a variable, of $!, $$ or an argument in this moment; `data` is the run. */
const char *run_value(const char *name, size_t length, void *data);

#endif
