// A member with options, without the options.
// gcc: write &group, then the options or the limit
// clang: write &group, then the options or the limit
#include <lifoguard/lifoguard.h>

void work(void *at);

void f(lg_group *group, void *at)
{
    lg_group_go_with(group, work, at);
}
