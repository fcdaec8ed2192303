/* The terminal, which one process group has at a time. Each job is a process group of its own. A line has the terminal while it
 * runs: the line is then the foreground process group, so programs show their progress, and Ctrl-C, Ctrl-Z and SIGWINCH reach them. A
 * line that acquires, and a cleanup, run in the background of the terminal, so that Ctrl-C reaches lifoguard, which protects
 * them. If such a line or cleanup reads from the terminal or changes its settings, the kernel stops it, and lifoguard gives it the
 * terminal. */
#ifndef LIFOGUARD_JOB_TERMINAL_H
#define LIFOGUARD_JOB_TERMINAL_H

#include <stdbool.h>
#include <sys/types.h>

/* The descriptor of the terminal, if a job may have it from the start: lifoguard is in the foreground itself,
 * and alone there: standard input, output and error are no pipes to neighbours that use the terminal, as in
 * `lifoguard run FILE | less`. Or -1. After it was given: terminal_was_given. */
int terminal_to_give(void);
void terminal_was_given(void);

/* A job's group was stopped by `number`. Gives it the terminal if that is why, and lets it go on. False:
 * it wants the terminal, which is not to be had. */
bool terminal_stopped(pid_t group, int number);

/* Takes the terminal back from a job that has ended; `put_right`: with the settings it had before.
 * Returns whether the job had it. */
bool terminal_take_back(bool put_right);

#endif
