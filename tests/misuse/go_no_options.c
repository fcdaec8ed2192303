// A goroutine with options, without the options.
// gcc: the options stand first
// clang: the options stand first
#include <lifoguard/lifoguard.h>

void work(void *at);

void f(void *at)
{
    lg_go_with(work, at);
}
