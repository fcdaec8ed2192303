// A group without its result.
// gcc: write lg_group_scope(name, &err)
// clang: write lg_group_scope(name, &err)
#include <lifoguard/lifoguard.h>

void work(void *at);
void f(void *at)
{
    lg_group_scope(group);
    lg_group_go(&group, work, at);
}
