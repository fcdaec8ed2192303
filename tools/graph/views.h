/* The views of a running graph for people: sinks for its events. */
#ifndef LIFOGUARD_GRAPH_VIEWS_H
#define LIFOGUARD_GRAPH_VIEWS_H

#include "event.h"

#include <stdbool.h>

/* Lines: of jobs on standard output, with their names; of the run on stderr. */
struct sink *plain_sink(const char *const *jobs, bool quiet);

/* A view on the terminal of stderr, to be ticked some times a second. What `print_message` prints goes above it. */
bool live_is_possible(void);
struct sink *live_sink(bool quiet);
void live_tick(struct sink *live);

#endif
