/* What the tests of groups share: members that fail. */
#ifndef LGI_TESTING_MEMBERS_H
#define LGI_TESTING_MEMBERS_H

#include "group/member.h"
#include "sched/lock.h"
#include "testing/group.h"

__attribute__((unused)) static lg_error *fail_later(atomic_int *after, const char *message)
{
    wait_until_set(after);
    return lg_error_new(message);
}

#endif
