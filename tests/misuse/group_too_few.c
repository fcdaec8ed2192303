// An argument is missing.
// gcc: too few arguments
// clang: too few arguments
#include <lifoguard/lifoguard.h>

void take(int a, int b);

void f(lg_group *group)
{
    lg_group_go(group, take, 1);
}
