/* Runs the lines of a file in order. */
#ifndef LIFOGUARD_LINES_LINE_H
#define LIFOGUARD_LINES_LINE_H

#include "run_state.h"

/* To the end, the first failure or a signal. The cleanups have run when this returns. */
void run_lines(struct run *run);

#endif
