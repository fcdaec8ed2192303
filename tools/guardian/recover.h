/* Runs that have lost both their runner and their guardian. */
#ifndef LIFOGUARD_GUARDIAN_RECOVER_H
#define LIFOGUARD_GUARDIAN_RECOVER_H

#include "child.h"

#include <lifoguard/error.h>
#include <stdbool.h>

struct state;
struct state_run;

/* Recovers all such runs, in a process of its own, and says so; waits for it. Cheap if there are none. If there are some, the
 * state is closed meanwhile (SQLite's connections do not survive a fork) and opened again. */
lg_error *recover_orphans(struct state **state, const char *place, const struct birth *birth)
    __attribute__((__warn_unused_result__));

enum recover_how {
    RECOVER_ORPHAN,  /* one that has lost both; what it wanted to be kept is kept */
    RECOVER_BY_NAME, /* also one that was kept, and what failed is tried again */
    RECOVER_BY_FORCE /* the same, even if its owner is alive, which then stops at its next write */
};

/* Whether its owner or its runner lives, perhaps in another PID namespace: containers may share a state. */
bool recover_is_owned(const char *place, const struct state_run *run);

/* Whether it is the record of a run that was made elsewhere, and that nobody here has taken over. */
bool recover_is_copy(const char *place, const struct state_run *run);

/* Recovers one; cleanups whose directory is not there any more run in `instead`, if it is not NULL. True in *good: nothing is
 * left of the run. */
lg_error *recover_run(const char *place, const char *id, enum recover_how how, const char *instead,
                      const struct birth *birth, bool *good)
    __attribute__((__warn_unused_result__));

#endif
