/* `lifoguard run FILE.yaml`: its command line. */
#ifndef LIFOGUARD_GRAPH_RUN_GRAPH_H
#define LIFOGUARD_GRAPH_RUN_GRAPH_H

#include <stdbool.h>

/* Whether the words behind `run` name a graph: FILE ends in .yaml or .yml, or --yaml is among the options. */
bool is_graph(char *const *arguments);

/* Returns the exit status. */
int run_graph_command(char **arguments);

#endif
