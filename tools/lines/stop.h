/* What the signals ask for: end the line, on to the cleanups, end a cleanup. */
#ifndef LIFOGUARD_LINES_STOP_H
#define LIFOGUARD_LINES_STOP_H

#include "run_state.h"

/* What runs at the moment: a line, a cleanup, or a background job that is being ended. */
struct foreground {
    struct job *job;
    const struct line *line;  /* NULL: a cleanup */
    const struct line *place; /* the line that it stands in */
};

/* Makes a line end: one whose cleanup is still to be registered may finish first, so that what it
 * acquires is not lost. */
void run_end_line(const struct foreground *now, int number);

/* Ends this process if the run is another's by now. */
void run_give_way(const struct run *run);

/* Does what one signal asks for. */
void run_on_request(struct run *run, const struct foreground *now, int number);

/* Whether a signal asks for an end. */
bool is_request(int number);

/* Does what the signals that have come ask for. `now` is what runs, or NULL. */
void run_take_signals(struct run *run, const struct foreground *now);

#endif
