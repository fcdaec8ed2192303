/* `lifoguard run`: runs the jobs of a file, and their cleanups in reverse, whatever happens. */
#ifndef LIFOGUARD_LINES_RUN_H
#define LIFOGUARD_LINES_RUN_H

#include "status.h"

#include <lifoguard/time.h>
#include <signal.h>
#include <stdbool.h>

struct job_file;
struct birth;
struct recorder;

struct run_options {
    lg_duration grace;         /* how long a command has to end by itself before it is made to */
    lg_duration cleanup_limit; /* how long a cleanup may run; 0: as it likes */
    bool quiet;                /* tell failures and the result only */
    bool trace;                /* sh -x */
    const char *shell;         /* in place of /bin/sh; NULL */
    char *const *arguments;    /* $1 and on; ends in NULL; NULL: none */
    lg_time began;
    bool keep;          /* the cleanups are left to another process, and what still runs runs on */
    bool first_failure; /* the exit status is that of the first line that fails */
    const char *
        directory; /* of the run whose command this is, where cleanups are put on disk; NULL: they are not */
    const struct recorder *recorder; /* NULL: none */
    /* How this program was started: the signals that it has blocked since stay blocked until they are caught. */
    const struct birth *birth;
};

/* Reads a file and checks it whole; says what is wrong with it. The path - is standard input. RUN_OK or RUN_BAD_FILE. */
int run_read(const char *path, const struct run_options *options, struct job_file *file);

/* Runs it. Returns the exit status. */
int run_file(const struct job_file *file, const struct run_options *options);

/* Both. */
int run_job_file(const char *path, const struct run_options *options);

#endif
