/* The lines at the end of a run: each failure, and the counts. */
#ifndef LIFOGUARD_GRAPH_SUMMARY_H
#define LIFOGUARD_GRAPH_SUMMARY_H

#include "work.h"

/* "ok", "failed", "SIGTERM", "timed out" */
const char *summary_verdict(const struct engine *engine);

/* Each failure with its place, the times of the jobs, and the sum, on stderr. */
void summary_print(const struct engine *engine);

#endif
