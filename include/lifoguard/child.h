/* Waiting for child processes. Only the calling goroutine waits; others go on on its thread. */
#ifndef LIFOGUARD_CHILD_H
#define LIFOGUARD_CHILD_H

#include <sys/types.h>

#include <lifoguard/error.h>
#include <lifoguard/until.h>

LG_BEGIN_DECLS

/* Waits until the child process `pid` has ended, takes it off the process table, and sets *status, if `status` is not
 * NULL, for WIFEXITED and the like of <sys/wait.h>.
 *
 * If `until` comes first: its error, and the child is still there to be waited for, ended or not. Any other failure is
 * an error with an errno value: ECHILD if there is no such child, because it is another's, or something else has
 * waited for it already (another call of this; waitpid(-1, …) anywhere in the program; SIGCHLD set to SIG_IGN);
 * EINVAL if `pid` is not positive: groups cannot be waited for.
 *
 * Any goroutine or thread may call it, whichever made the child. Stops and continuations are not reported. It uses
 * a pidfd; where there are none (Linux before 5.3, a container that refuses them, or no descriptor is left), a thread for
 * each wait. */
LG_API lg_error *lg_wait_child(pid_t pid, lg_until until, int *status)
    __attribute__((__warn_unused_result__));

LG_END_DECLS

#endif
