// A member without a group and without a function.
// gcc: write &group, then the options or the limit
// clang: write &group, then the options or the limit
#include <lifoguard/lifoguard.h>

void f(void)
{
    lg_group_go();
}
