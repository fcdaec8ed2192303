/* What the tests of deadlocks share: a goroutine that sleeps for ever, with its name on the stack. */
#ifndef LGI_TESTING_DEADLOCK_H
#define LGI_TESTING_DEADLOCK_H

#include "testing/test.h"

#define FOR_EVER LG_DURATION_MAX

static inline void set_workers(unsigned count)
{
    lg_error *error = lg_set_workers(count);
    ck_assert_ptr_null(error);
}

static inline void close_it(int fd)
{
    (void)fd;
}

/* A variable, so that link-time optimisation does not make the library's function a part of the callers. */
static void (*volatile sleep_named)(lg_duration duration) = lg_sleep;

__attribute__((noinline, unused)) static void sleeps_for_ever(int fd)
{
    lg_defer(close_it, fd);
    sleep_named(FOR_EVER);
    tell("woken");
}

#endif
