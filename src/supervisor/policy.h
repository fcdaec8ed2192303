/* When a member may be started again, and after what wait: counted restarts, and times that are given. Nothing here looks at a
 * clock, takes memory, or draws random numbers by itself. */
#ifndef LGI_SUPERVISOR_POLICY_H
#define LGI_SUPERVISOR_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lifoguard/time.h>

/* The restarts of a member, or of all, that still count: a ring of the times of the last ones. */
struct lgi_restarts {
    lg_time *times;
    unsigned size, first, count; /* `size` has room for one at least */
};

/* The number of restarts before this one that still count, which is one of these from now on; -1: there were `size` of
 * them, and it is one too many. If there is no limit, the oldest is forgotten. */
int lgi_restarts_count(struct lgi_restarts *restarts, lg_time now, lg_duration within,
                       bool limited);

/* The wait before a restart that `before` counted restarts came before: between half of the longest wait and all of it, by a
 * random number. */
lg_duration lgi_restart_delay(lg_duration backoff, lg_duration most, unsigned before,
                              uint64_t random);

#endif
