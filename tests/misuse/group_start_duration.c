// A duration where an lg_until is wanted.
// gcc: write &group, then the options or the limit
// clang: write &group, then the options or the limit
#include <lifoguard/lifoguard.h>

void work(void *at);

lg_error *f(lg_group *group, void *at)
{
    return lg_group_start(group, LG_SECOND, work, at);
}
