/* The sinks, which receive the events of a run. Each function makes a sink, and the sink's `free` ends it. `jobs` is the list of the
 * names of the run's jobs, with NULL at its end. */
#ifndef LIFOGUARD_RECORD_SINKS_H
#define LIFOGUARD_RECORD_SINKS_H

#include "event.h"

#include <stdbool.h>

/* JSON objects, a line each, into a descriptor, which messages call `name`: each in one write, so that a reader never sees half of a
 * short one; but if it `gathers`, several lines that commands print become one write. */
struct sink *json_sink(int fd, const char *name, bool gathers);

/* DIRECTORY/JOB.log for each of the jobs that says something. The directory is made if it is not there; `jobs` NULL: it is a new
 * one. */
struct sink *log_sink(const char *directory, const char *const *jobs);

#endif
