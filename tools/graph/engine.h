/* Runs a graph. */
#ifndef LIFOGUARD_GRAPH_ENGINE_H
#define LIFOGUARD_GRAPH_ENGINE_H

#include "graph.h"
#include "record.h"

struct engine_options {
    const char *state;
    size_t limit; /* how many commands run at once; 0: not said */
    bool keep_going, keep, quiet, plain;
    struct record_options record;
    char *const *arguments; /* $1 and on; ends in NULL */
};

/* Returns the exit status, or ends by the signal that ended the engine. */
int graph_run(struct graph *graph, const struct engine_options *options);

#endif
