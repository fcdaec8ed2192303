/* What the tests of goroutines share. */
#ifndef LGI_TESTING_SCHED_H
#define LGI_TESTING_SCHED_H

#include "testing/test.h"

#include <stdatomic.h>

#include "sched/goroutine.h"
#include "sched/instrument.h"
#include "sched/runtime.h"
#include "testing/emulated.h"
#include "testing/memory_use.h"

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

/* A hundred thousand. ThreadSanitizer keeps much for each goroutine, AddressSanitizer gives them larger stacks, Valgrind and qemu
 * are slow. */
UNUSED static int many(void)
{
#ifdef HAS_SANITIZER
    return 2000;
#else
    return lgi_in_valgrind() ? 500 : is_emulated() ? 2000 : 100000;
#endif
}

/* Nothing but the program: memory that is freed goes back, and time is as it is. */
UNUSED static bool is_plain(void)
{
#ifdef HAS_SANITIZER
    return false;
#else
    return !lgi_in_valgrind() && !is_emulated();
#endif
}

/* Neither ThreadSanitizer nor qemu lets a child of several threads start one. */
static inline bool can_fork_with_threads(void)
{
#if defined(HAS_TSAN)
    return false;
#else
    return !is_emulated();
#endif
}

#endif
