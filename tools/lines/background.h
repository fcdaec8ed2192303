/* Lines that end in &. */
#ifndef LIFOGUARD_LINES_BACKGROUND_H
#define LIFOGUARD_LINES_BACKGROUND_H

#include "run_state.h"

/* Tells of those that have ended. One that did so by itself, with a failure, fails the run. */
void run_check_backgrounds(struct run *run);

/* Starts a background line, and registers its end. */
lg_error *background_start(struct run *run, lg_scope *cleanups, const struct line *line,
                           const char *tag);

#endif
