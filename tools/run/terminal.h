/* Who has the terminal. Each job is a process group of its own, in the background of the terminal, so
 * that Ctrl-C reaches lifoguard, which passes it on: once. A job that reads from the terminal or sets it
 * is stopped by the kernel; it is then given the terminal, and Ctrl-C reaches the job alone. */
#ifndef LIFOGUARD_RUN_TERMINAL_H
#define LIFOGUARD_RUN_TERMINAL_H

#include <stdbool.h>
#include <sys/types.h>

/* A job's group was stopped by `number`. Gives it the terminal if that is why, and lets it go on. False:
 * it wants the terminal, which is not to be had. */
bool terminal_stopped(pid_t group, int number);

/* Takes the terminal back from a job that has ended; `put_right`: with the settings it had before.
 * Returns whether the job had it. */
bool terminal_take_back(bool put_right);

#endif
