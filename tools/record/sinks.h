/* Who is told what happens: each makes a sink, which its `free` ends. `jobs` are the names of a run's jobs, and NULL. */
#ifndef LIFOGUARD_RECORD_SINKS_H
#define LIFOGUARD_RECORD_SINKS_H

#include "event.h"

#include <stdbool.h>

/* Lines: of jobs on standard output, with their names; of the run on stderr. */
struct sink *plain_sink(const char *const *jobs, bool quiet);

/* A view on the terminal of stderr, to be ticked some times a second. What `say` says goes above it. */
bool live_is_possible(void);
struct sink *live_sink(bool quiet);
void live_tick(struct sink *live);

/* JSON objects, a line each, into a descriptor: each in one write, so that a reader never sees half of a short one; but if it
 * `gathers`, several lines that commands print become one write. */
struct sink *json_sink(int fd, bool gathers);

/* DIRECTORY/JOB.log for each of the jobs that says something. The directory is made if it is not there; `jobs` NULL: it is a new one. NULL: it cannot be;
 * that was said. */
struct sink *log_sink(const char *directory, const char *const *jobs);

#endif
