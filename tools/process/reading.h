/* A shell that reads commands without running them: whether they are right. */
#ifndef LIFOGUARD_PROCESS_READING_H
#define LIFOGUARD_PROCESS_READING_H

#include <lifoguard/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* One that reads a script of any length while others do. */
struct reading {
    pid_t pid; /* 0: it could not be started */
};

/* `shell`: a program, and options for it. */
void reading_begin(struct reading *reading, const char *shell, const char *script, size_t length);

/* Waits for its end; whether it could read the script. */
bool reading_end(const struct reading *reading);

/* Whether the shell can read a command: NULL, also if the shell was killed over it, or an error with the shell's words. The error has an
 * errno value if the shell could not be started. */
lg_error *reading_check(const char *shell, const char *command);

#endif
