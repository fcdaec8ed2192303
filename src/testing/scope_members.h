/* What the tests of lg_group_scope share: members that live for a while. */
#ifndef LGI_TESTING_SCOPE_MEMBERS_H
#define LGI_TESTING_SCOPE_MEMBERS_H

#include "testing/group.h"

__attribute__((unused)) static atomic_int alive;

__attribute__((unused)) static void no_longer_alive(atomic_int *count)
{
    atomic_fetch_sub(count, 1);
}

__attribute__((unused)) static void live_until_cancelled(lg_group *group)
{
    lg_defer(no_longer_alive, &alive);
    lg_error_free(lg_sleep_until(LG_HOUR, lg_until_group(group)));
    yield_some((unsigned)(uintptr_t)group);
}

__attribute__((unused)) static void live_a_while(unsigned seed)
{
    lg_defer(no_longer_alive, &alive);
    yield_some(seed);
    lg_sleep(100 * LG_MICROSECOND);
}

__attribute__((unused)) static void start_some(lg_group *group, bool cancelled)
{
    for (unsigned i = 0; i < 8; i++) {
        atomic_fetch_add(&alive, 1);
        const lg_go_options options = {.thread = i == 3};
        if (cancelled)
            lg_group_go_with(group, options, live_until_cancelled, group);
        else
            lg_group_go_with(group, options, live_a_while, i);
    }
}

#endif
