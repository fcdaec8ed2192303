/* Signals, received in the order they came. The handler only writes to a pipe (rule S5). */
#ifndef LIFOGUARD_PROCESS_SIGNALS_H
#define LIFOGUARD_PROCESS_SIGNALS_H

#include <lifoguard/error.h>
#include <lifoguard/time.h>
#include <signal.h>

/* Catches SIGINT, SIGTERM, SIGHUP and SIGQUIT, unless one was ignored when the program started, and
 * SIGCHLD and SIGWINCH. Ignores SIGPIPE (of a closed stderr) and SIGTTOU, or the cleanups could be skipped. */
lg_error *signals_open(void);

/* Puts everything back. */
void signals_close(void);

/* The same signal within this time of the one that counted is no further request. */
#define SIGNALS_SAME (500 * LG_MILLISECOND)

/* So long after it was said that cleanups go on, a further signal does not end the one that runs: it was sent before there was time to
 * read that. */
#define SIGNALS_TIME_TO_READ LG_SECOND

/* The next signal, or 0. */
int signals_next(void);

/* Returns when there may be a signal, or at `deadline` (of lg_now; 0: none). */
void signals_wait(lg_time deadline);

/* From now on waits with this in place of poll(2): until `fd` can be read, or `limit` is over. */
void signals_wait_with(void (*wait)(int fd, lg_duration limit));

/* The signals that a child has to get the default action of, so that it begins as this program was started. */
sigset_t signals_of_child(void);

/* "SIGTERM": a constant. */
const char *signals_name(int number);

#endif
