/* What the tests of timers that call functions share. */
#ifndef LGI_TESTING_TIMER_CALLS_H
#define LGI_TESTING_TIMER_CALLS_H

#include "testing/failing_malloc.h"
#include "testing/timer.h"
#include "testing/virtual.h"

__attribute__((unused)) static atomic_int calls, arguments;
__attribute__((unused)) static _Atomic uint64_t called_by;

__attribute__((unused)) static void note_call(int a, long b, const char *c)
{
    atomic_store(&called_by, lg_goroutine_id());
    atomic_fetch_add(&arguments, a + (int)b + (int)strlen(c));
    atomic_fetch_add(&calls, 1);
}

__attribute__((unused)) static void wait_for_calls(int count)
{
    lg_time limit = lg_now() + PATIENCE;
    while (atomic_load(&calls) < count) {
        hold(lg_now() < limit);
        lg_sleep(100 * US);
    }
}

#endif
