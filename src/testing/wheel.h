/* What the tests of the timer wheel share. */
#ifndef LGI_TESTING_WHEEL_H
#define LGI_TESTING_WHEEL_H

#include "sched/lock.h"
#include "sched/runtime.h"
#include "sched/wheel.h"
#include "testing/test.h"
#include <stdatomic.h>

/* Not one of Check's own: there are too many. */
#define hold(condition)                                                                            \
    do {                                                                                           \
        if (!(condition))                                                                          \
            ck_abort_msg("%s does not hold", #condition);                                          \
    } while (0)

#endif
