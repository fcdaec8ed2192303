// The options before the group.
// gcc: write &group, then the options or the limit
// clang: write &group, then the options or the limit
#include <lifoguard/lifoguard.h>

void work(void *at);

void f(lg_group *group, void *at)
{
    lg_go_options options = {0};
    lg_group_go_with(options, group, work, at);
}
