/* Who is told what happens: each makes a sink, which its `free` ends. */
#ifndef LIFOGUARD_GRAPH_SINKS_H
#define LIFOGUARD_GRAPH_SINKS_H

#include "event.h"
#include "graph.h"

/* Lines: of jobs on standard output, with their names; of the run on stderr. */
struct sink *plain_sink(const struct graph *graph, bool quiet);

/* A view on the terminal of stderr, to be ticked some times a second. What `say` says goes above it. */
bool live_is_possible(void);
struct sink *live_sink(bool quiet);
void live_tick(struct sink *live);

/* JSON objects, a line each, into a descriptor. */
struct sink *json_sink(int fd);

/* DIRECTORY/JOB.log for each job that says something. The directory is made if it is not there. NULL: it cannot be; that
 * was said. The logs of an earlier run of the graph `old` are removed from it; NULL: it is new. */
struct sink *log_sink(const char *directory, const struct graph *old);

#endif
