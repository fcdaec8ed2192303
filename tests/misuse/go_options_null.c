// NULL for options.
// gcc: the options stand first
// clang: the options stand first
#include <lifoguard/lifoguard.h>

void work(void *at);

void f(void *at)
{
    lg_go_with(NULL, work, at);
}
