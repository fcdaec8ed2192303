/* What the tests of goroutines share. */
#ifndef LGI_SCHED_SCHED_TESTING_H
#define LGI_SCHED_SCHED_TESTING_H

#include "defer/test_help.h"

#include <stdatomic.h>

#include "sched/goroutine.h"
#include "sched/instrument.h"
#include "sched/memory_use.h"
#include "sched/runtime.h"

#define UNUSED __attribute__((unused))

/* Waits, by looking now and then, so that nothing under test is needed for it. A minute at the most: then Check ends the
 * test. */
UNUSED static void wait_for_value(const atomic_int *counter, int value)
{
    while (atomic_load(counter) < value)
        usleep(50);
}

UNUSED static void add_one(atomic_int *counter)
{
    atomic_fetch_add(counter, 1);
}

/* A hundred thousand. ThreadSanitizer keeps much for each goroutine, AddressSanitizer gives them larger stacks, Valgrind is
 * slow. */
UNUSED static int many(void)
{
#ifdef HAS_SANITIZER
    return 2000;
#else
    return lgi_in_valgrind() ? 500 : 100000;
#endif
}

/* Nothing but the program: memory that is freed goes back, and time is as it is. */
UNUSED static bool is_plain(void)
{
#ifdef HAS_SANITIZER
    return false;
#else
    return !lgi_in_valgrind();
#endif
}

#endif
