/* `--dry-run`. */
#ifndef LIFOGUARD_GRAPH_PLAN_H
#define LIFOGUARD_GRAPH_PLAN_H

#include "graph.h"

/* Prints the jobs in an order in which they could run, and the cleanups in the order in which they then would. */
void graph_plan(const struct graph *graph);

#endif
