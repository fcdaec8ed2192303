/* Locks of one user on one machine, by name: advisory locks on files of the state directory. */
#ifndef LIFOGUARD_HELPERS_LOCK_H
#define LIFOGUARD_HELPERS_LOCK_H

#include <lifoguard/error.h>
#include <stdbool.h>

/* Opens the file of a lock, not closed by exec. Closing all copies of the descriptor gives the lock back. */
lg_error *lock_open(const char *place, const char *name, int *fd)
    __attribute__((__warn_unused_result__));

/* True: it is ours now. False without an error: another holds it. */
bool lock_try(int fd, lg_error **err);

#endif
