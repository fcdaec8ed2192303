/* The end of a process of this program by a panic, mostly for lack of memory. The process prints a message and has the exit status
 * EXIT_OURS; another process of the run goes on with the remaining work. */
#ifndef LIFOGUARD_COMMON_FAILED_H
#define LIFOGUARD_COMMON_FAILED_H

#include <lifoguard/panic.h>

/* For what lg_call_contained returns: says what has happened, with its stack unless memory is short, and frees the error. */
void failed_say(lg_error *panic);

/* Likewise; then this process ends. NULL: nothing. For goroutines whose panic would end the process anyway. */
void failed_leave(lg_error *panic);

#endif
