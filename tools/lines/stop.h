/* What a signal makes the run do: end the line, run the cleanups, end a cleanup. */
#ifndef LIFOGUARD_LINES_STOP_H
#define LIFOGUARD_LINES_STOP_H

#include "run_state.h"

/* Makes a line end: one whose cleanup is still to be registered may finish first, so that what it
 * acquires is not lost. */
void run_end_line(const struct foreground *now, int number);

/* Ends this process if the run is another's by now. */
void run_give_way(const struct run *run);

/* Does what a signal asks for; `data` is the run. */
void run_on_signal(void *data, int number);

#endif
