/* Signals as requests of people: their names, and when one counts. */
#ifndef LIFOGUARD_PROCESS_SIGNALS_H
#define LIFOGUARD_PROCESS_SIGNALS_H

#include <lifoguard/time.h>

/* The same signal within this time of the one that counted is no further request. */
#define SIGNALS_SAME (500 * LG_MILLISECOND)

/* So long after it was said that cleanups go on, a further signal does not end the one that runs: it was sent before there was time to
 * read that. */
#define SIGNALS_TIME_TO_READ LG_SECOND

/* "SIGTERM": a constant. */
const char *signals_name(int number);

/* For how long a process that was sent SIGKILL is waited for. Longer than the kernel takes to release much memory, or to write a core
 * file, on a machine with much else to do; and whatever the grace period is, which may be 0. */
#define SIGNALS_KILL_TAKES (5 * LG_SECOND)

#endif
