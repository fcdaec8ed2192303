/* A transient unit of systemd that watches a run, and recovers it at once if runner and guardian are both killed. */
#ifndef LIFOGUARD_GUARDIAN_UNIT_H
#define LIFOGUARD_GUARDIAN_UNIT_H

#include "child.h"

#include <lifoguard/error.h>
#include <stdbool.h>

/* Whether it is asked for: LIFOGUARD_UNIT=1. */
bool unit_is_wanted(void);

/* systemd's user manager starts it; for root, the system's. */
lg_error *unit_start(const char *place, const char *id, const struct birth *birth)
    __attribute__((__warn_unused_result__));

#endif
