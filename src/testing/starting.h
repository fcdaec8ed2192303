/* What the tests of lg_group_start share: members. */
#ifndef LGI_TESTING_STARTING_H
#define LGI_TESTING_STARTING_H

#include "testing/failing_malloc.h"
#include "testing/group.h"
#include <lifoguard/context.h>

__attribute__((unused)) static lg_error *ready_then_wait(lg_group *group, atomic_int *cell)
{
    *cell = 1;
    ck_assert(lg_member_ready());
    lg_error_free(lg_sleep_until(LG_HOUR, lg_until_group(group)));
    *cell = 2;
    return NULL;
}

__attribute__((unused)) static void panic_early(void)
{
    lg_panic("no configuration");
}

__attribute__((unused)) static lg_error *never_ready(lg_group *group)
{
    lg_error *cancelled = lg_sleep_until(LG_HOUR, lg_until_group(group));
    ck_assert(lg_group_is_cancelled(group));
    return cancelled;
}

__attribute__((unused)) static lg_until soon(void)
{
    return lg_until_timeout(LG_MILLISECOND);
}

/* (Check's own macros repeat what the call expands to, as text.) */
__attribute__((unused)) static void expect_same(const lg_error *error, const lg_error *expected)
{
    ck_assert_ptr_eq(error, expected);
}

__attribute__((unused)) static void expect_none(const lg_error *error)
{
    ck_assert_ptr_null(error);
}

#endif
