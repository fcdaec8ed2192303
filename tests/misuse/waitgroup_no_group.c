// A goroutine without its group.
// gcc: the group stands first, by its address
// clang: the group stands first, by its address
#include <lifoguard/lifoguard.h>

void work(void *at, int n);

void f(void *at)
{
    lg_waitgroup_go(work, at, 1);
}
