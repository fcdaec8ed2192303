/* The COMMAND of a command line. */
#ifndef LIFOGUARD_COMMON_COMMAND_H
#define LIFOGUARD_COMMON_COMMAND_H

#include <lifoguard/error.h>

/* What is wrong with the words of a command before anything is started: there are none, or the first one is empty. */
lg_error *command_check(char *const *words) __attribute__((__warn_unused_result__));

/* Says why a command could not be started, with the errno value `number`, and returns the exit status for that, as shells have it. The
 * message begins with `who`, the name of our own command, or "". */
int command_not_started(const char *who, const char *name, int number);

#endif
