/* Registered `defer` lines: these are the deferred calls. */
#ifndef LIFOGUARD_LINES_CLEANUP_H
#define LIFOGUARD_LINES_CLEANUP_H

#include "run_state.h"

void cleanup_free(struct cleanup *cleanup);

/* Has the cleanups of a line that acquires something ready, and on disk, before it is run, so that no kill loses what it acquires: as
 * many of the defer lines below it as can be expanded already. An error: the line is not to be run. */
lg_error *cleanups_foresee(struct run *run, const struct line *line);

/* The line has failed, and left nothing: then they are forgotten. Or a signal has ended the line, and nobody knows what it has left: they
 * are registered. */
void cleanups_forget_foreseen(struct run *run);
void cleanups_register_foreseen(struct run *run, lg_scope *cleanups);

/* Expands a defer line (D2) and registers it; a failure stops the run. */
void cleanup_register(struct run *run, lg_scope *cleanups, const struct line *line);

#endif
