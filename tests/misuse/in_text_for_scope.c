// A text where the scope is wanted.
// gcc: what holds the calls is given by its address
// clang: what holds the calls is given by its address
#include <lifoguard/lifoguard.h>

void work(void *at);

void f(void *at)
{
    lg_defer_in("scope", work, at);
}
