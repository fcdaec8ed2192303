/* `lifoguard run FILE`: a job a line, under a guardian. What the lines mean is in tools/run. */
#ifndef LIFOGUARD_LINES_LINES_H
#define LIFOGUARD_LINES_LINES_H

struct birth;
struct job_file;
struct keeper;
struct run_options;

/* The command line: the words behind `run`, ending in NULL. Returns the exit status. */
int run_lines_command(char **arguments);

/* Runs a file that was read under a guardian, which has its cleanups on disk. Where they cannot be kept, says so, and runs it
 * all the same, unless `wanted`, the place that --state names, is there. Returns the exit status. */
int lines_run(const struct job_file *file, const struct run_options *options, const char *wanted);

/* In the guardian's command: what keeps the cleanups of its run. */
const struct keeper *lines_keeper(const struct birth *birth);

#endif
