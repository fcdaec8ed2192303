#ifndef LGI_INSPECT_LEAK_H
#define LGI_INSPECT_LEAK_H

#include <lifoguard/inspect.h>

#include "inspect/snapshot.h"

/* As lg_goroutine_check_leaks, for goroutines that are not in `before` (NULL: for all). */
lg_error *lgi_check_leaks(const struct lgi_snapshot *before, lg_duration grace)
    __attribute__((__warn_unused_result__));

#endif
