// A group where its address is wanted.
// gcc: write &group, then the options
// clang: write &group, then the options
#include <lifoguard/lifoguard.h>

lg_error *work(int x);

void f(void)
{
    lg_error *err = NULL;
    lg_group_scope(group, &err);
    lg_group_go(group, work, 1);
}
