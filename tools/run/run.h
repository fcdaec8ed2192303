/* `lifoguard run`: runs the jobs of a file, and their cleanups in reverse, whatever happens. */
#ifndef LIFOGUARD_RUN_RUN_H
#define LIFOGUARD_RUN_RUN_H

#include <lifoguard/time.h>

enum { RUN_OK = 0, RUN_FAILED = 1, RUN_BAD_FILE = 2, RUN_SIGNAL = 128 /* + its number */ };

/* The command line: the words behind `run`, ending in NULL. Returns the exit status. */
int run_jobs_command(char **arguments);

/* Likewise. `grace`: how long a command has to end by itself before it is made to. */
int run_job_file(const char *path, lg_duration grace);

#endif
