// The limit before the group.
// gcc: write &group, then the options or the limit
// clang: write &group, then the options or the limit
#include <lifoguard/lifoguard.h>

void work(void *at);

lg_error *f(lg_group *group, void *at)
{
    return lg_group_start(lg_until_now(), group, work, at);
}
