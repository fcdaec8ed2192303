// More arguments than can be passed.
// gcc: at most four arguments can be passed
// clang: at most four arguments can be passed
#include <lifoguard/lifoguard.h>

void take(int a, int b, int c, int d, int e);

void f(lg_group *group)
{
    lg_group_go(group, take, 1, 2, 3, 4, 5);
}
