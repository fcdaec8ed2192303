/* The directory that holds the durable state: the owner's alone, or refused.
 *
 *     PLACE/state.db          what is to be cleaned up (tools/state)
 *     PLACE/key               with which its records are signed
 *     PLACE/runs/ID/socket    where the run with that ID takes registrations
 *     PLACE/runs/ID/SEQ.N     how attempt N of cleanup SEQ ended, until that is in the database
 *     PLACE/locks/NAME        of `lifoguard lock`
 */
#ifndef LIFOGUARD_COMMON_PLACE_H
#define LIFOGUARD_COMMON_PLACE_H

#include <lifoguard/error.h>
#include <stdbool.h>
#include <sys/types.h>

/* Its absolute path without links, for the caller to free: `wanted` (--state), or $LIFOGUARD_STATE, or $XDG_STATE_HOME/lifoguard, or
 * $HOME/.local/state/lifoguard. Created if it is not there. Refused: what belongs to another user, what others may look
 * into, and network file systems, on which neither locks nor commits can be relied on. */
lg_error *place_open(const char *wanted, char **place) __attribute__((__warn_unused_result__));

/* As place_open, for a command that only asks about runs that were: the place is not created. `missing` tells that there is none, so
 * nothing was recorded so far. A place that was named (--state, $LIFOGUARD_STATE) and holds no state is an error: the name is
 * probably mistyped. An empty directory is a state in which nothing was recorded. */
lg_error *place_find(const char *wanted, char **place, bool *missing)
    __attribute__((__warn_unused_result__));

/* Makes PLACE/…/name, of which all but the last part exists; an existing one must be the owner's alone. */
lg_error *place_make_directory(const char *path) __attribute__((__warn_unused_result__));

/* Checks that a file is a regular one, and the owner's alone. `missing` tells that there is none; NULL: an error then. */
lg_error *place_check_file(const char *path, bool *missing) __attribute__((__warn_unused_result__));

/* PLACE/runs/ID, for the caller to free. */
char *place_of_run(const char *place, const char *id);

/* Opens a socket in a run's directory, whatever the length of its path: a listening one, or one that is connected. */
lg_error *place_listen(const char *run_directory, int *fd) __attribute__((__warn_unused_result__));
lg_error *place_connect(const char *run_directory, int *fd) __attribute__((__warn_unused_result__));

/* Removes a run's directory with what is in it. */
void place_remove_run(const char *run_directory);

/* The working directory; if it was removed, the path that it had. The caller frees it. NULL: there is none. */
char *place_here(void);

/* The umask. To read it is to change it for a moment: no other thread may make files meanwhile. */
mode_t place_umask(void);

#endif
