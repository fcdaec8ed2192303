/* Registered `defer` lines: these are the deferred calls. */
#ifndef LIFOGUARD_RUN_CLEANUP_H
#define LIFOGUARD_RUN_CLEANUP_H

#include "run_state.h"

void cleanup_free(struct cleanup *cleanup);

/* Expands a defer line (D2) and registers it; a failure stops the run. */
void cleanup_register(struct run *run, lg_scope *cleanups, const struct line *line);

#endif
