/* The state of one run, which the rooms of a run share: lines, cleanups, background lines, requests. */
#ifndef LIFOGUARD_RUN_STATE_H
#define LIFOGUARD_RUN_STATE_H

#include "job.h"
#include "keeper.h"
#include "parse.h"
#include "run.h"
#include "say.h"
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
    void *kept;   /* the keeper's; NULL: it is not kept */
    bool unknown; /* nobody knows whether there is anything to release */
    bool plain;   /* to be started without the file's variables, which leave no room */
    bool begun;
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
    unsigned batch;   /* those of a batch were started one after the other, with nothing between */
    struct background *next;
};

struct run {
    const struct job_file *file;
    const struct keeper *keeper; /* NULL: none */
    lg_duration grace;
    lg_duration cleanup_limit;
    int status;    /* the first failure or signal decides it */
    bool stopping; /* no further job is started */
    bool cleaning; /* the cleanups have begun */
    bool forced;   /* by SIGQUIT: no cleanup is started either */
    bool warned;   /* that the next signal ends a cleanup */
    lg_error *failures;
    size_t done; /* jobs that succeeded */
    size_t cleanups_run;
    struct cleanup *cleanups; /* all that were registered, last first */
    struct cleanup *foreseen; /* of the line that runs, the first one first */
    struct background *backgrounds;
    struct background *guarded; /* the one that a defer line just below would be for */
    unsigned batch;
    char last_pid[24];
    char last_shell[24]; /* the process number of the last line's shell: what $$ was there */
};

/* How long the command of a line has to end by itself. */
lg_duration run_grace(const struct run *run, const struct line *line);

/* How long the command of a line may run: what the line says, or else `otherwise`. */
lg_duration line_limit(const struct line *line, lg_duration otherwise);

/* The first one stays. */
void run_set_status(struct run *run, int status);

/* A line or a cleanup has failed; `why` becomes part of what is told at the end. */
void run_fail(struct run *run, const struct line *line, lg_error *why);

/* "exit status 1: COMMAND" */
lg_error *job_error(const struct job *job, const char *command);

/* Tells how a command ended, and how long it took. */
void say_job_end(const char *tag, const char *event, const char *command, const struct job *job);

/* The value of a variable, of $!, $$ or an argument in this moment; `data` is the run. */
const char *run_value(const char *name, size_t length, void *data);

#endif
