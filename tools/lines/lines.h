/* `lifoguard run FILE`: a job a line, under a guardian. What the lines mean is in tools/run. */
#ifndef LIFOGUARD_LINES_LINES_H
#define LIFOGUARD_LINES_LINES_H

#include "record.h"
#include "run.h"

struct job_file;
struct recorder;

/* The command line: the words behind `run`, ending in NULL. Returns the exit status. */
int run_lines_command(char **arguments);

/* How a file is to be run. */
struct lines_request {
    const struct job_file *file;
    struct run_options options;
    struct record_options record;
    const char *state; /* of --state; NULL */
};

/* Runs a file that was read under a guardian, which has its cleanups on disk; where they cannot be kept, nothing is run. Returns the exit
 * status. */
int lines_run(const struct lines_request *request);

/* What records its run: `place` is the state directory, `id` the run's. Both on a worker, of which there is only one. */
const struct recorder *lines_recorder(const struct lines_request *request, const char *place,
                                      const char *id);
/* As record_close. */
int lines_recorder_close(int status);

#endif
