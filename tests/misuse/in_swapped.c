// The function before the scope.
// gcc: what holds the calls is given by its address
// clang: what holds the calls is given by its address
#include <lifoguard/lifoguard.h>

void work(void *at);

void f(void *at)
{
    lg_scope(scope);
    lg_defer_in(work, &scope, at);
}
