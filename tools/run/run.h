/* `lifoguard run`: runs the jobs of a file, and their cleanups in reverse, whatever happens. */
#ifndef LIFOGUARD_RUN_RUN_H
#define LIFOGUARD_RUN_RUN_H

#include <lifoguard/time.h>
#include <stdbool.h>
#include <stddef.h>

enum { RUN_OK = 0, RUN_FAILED = 1, RUN_BAD_FILE = 2, RUN_SIGNAL = 128 /* + its number */ };

/* The command line: the words behind `run`, ending in NULL. Returns the exit status. */
int run_jobs_command(char **arguments);

struct run_options {
    lg_duration grace;          /* how long a command has to end by itself before it is made to */
    lg_duration cleanup_limit;  /* how long a cleanup may run; 0: as it likes */
    bool check;                 /* only read the file */
    bool quiet;                 /* tell failures and the result only */
    bool trace;                 /* sh -x */
    const char *shell;          /* in place of /bin/sh; NULL */
    const char *const *secrets; /* names of variables */
    size_t secret_count;
    char *const *arguments; /* $1 and on; ends in NULL; NULL: none */
};

/* Returns the exit status. The path - is standard input. */
int run_job_file(const char *path, const struct run_options *options);

#endif
