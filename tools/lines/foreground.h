/* Waits for commands to end, and ends what they left. */
#ifndef LIFOGUARD_LINES_FOREGROUND_H
#define LIFOGUARD_LINES_FOREGROUND_H

#include "stop.h"

/* Waits until the command has ended (job/await.h), and meanwhile sees to background lines. */
void run_await(struct run *run, const struct foreground *now);

/* What a line that has failed, or was ended, left running ends before the cleanups of the lines above it. */
void run_end_rest_of_line(struct run *run, const struct job *job);

/* At the very end: daemons too. */
void run_end_everything(struct run *run);

#endif
