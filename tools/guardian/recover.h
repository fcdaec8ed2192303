/* Runs that have lost both their runner and their guardian. */
#ifndef LIFOGUARD_GUARDIAN_RECOVER_H
#define LIFOGUARD_GUARDIAN_RECOVER_H

#include "child.h"

#include <lifoguard/error.h>
#include <stdbool.h>

struct state;

/* Recovers all such runs, in a process of its own, and says so; waits for it. Cheap if there are none. If there are some, the
 * state is closed meanwhile (SQLite's connections do not survive a fork) and opened again. */
lg_error *recover_orphans(struct state **state, const char *place, const struct birth *birth)
    __attribute__((__warn_unused_result__));

/* Recovers one: also one that was kept, and what failed is tried again. `force`: even if its owner is alive, which then
 * stops at its next write. True in *good: nothing is left of it. */
lg_error *recover_run(const char *place, const char *id, bool force, const struct birth *birth,
                      bool *good) __attribute__((__warn_unused_result__));

#endif
