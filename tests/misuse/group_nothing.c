// A member without a function.
// gcc: the function is missing: write its name
// clang: the function is missing: write its name
#include <lifoguard/lifoguard.h>

void f(lg_group *group)
{
    lg_group_go(group);
}
