// A contained call without its scope.
// gcc: what holds the calls is given by its address
// clang: what holds the calls is given by its address
#include <lifoguard/lifoguard.h>

void work(void *at);

void f(void *at)
{
    lg_defer_contained_in(work, at);
}
