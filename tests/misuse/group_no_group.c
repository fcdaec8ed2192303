// A member without its group.
// gcc: write &group, then the options or the limit
// clang: write &group, then the options or the limit
#include <lifoguard/lifoguard.h>

void work(void *at, int n);

void f(void *at)
{
    lg_group_go(work, at, 1);
}
