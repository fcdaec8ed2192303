/* What the tests of supervisors share. */
#ifndef LGI_TESTING_SUPERVISED_H
#define LGI_TESTING_SUPERVISED_H

#include "sched/runtime.h"
#include "testing/supervisor.h"
#include <lifoguard/shutdown.h>

__attribute__((unused)) static lg_error *fail_until(const lg_context *ctx, atomic_int *starts,
                                                    int times)
{
    if (atomic_fetch_add(starts, 1) < times)
        return &one_error;
    return until_cancelled(ctx);
}

#endif
