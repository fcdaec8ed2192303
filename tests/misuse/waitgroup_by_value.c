// A group where its address is wanted.
// gcc: the group stands first, by its address
// clang: the group stands first, by its address
#include <lifoguard/lifoguard.h>

void work(void *at);

void f(void *at)
{
    lg_waitgroup group = LG_WAITGROUP_INIT;
    lg_waitgroup_go(group, work, at);
}
