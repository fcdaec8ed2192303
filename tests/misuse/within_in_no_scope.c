// A limited call without its scope.
// gcc: what holds the calls is given by its address
// clang: what holds the calls is given by its address
#include <lifoguard/lifoguard.h>

lg_error *work(void *at);

void f(void *at)
{
    lg_error *err = NULL;
    lg_defer_within_in(LG_SECOND, &err, work, at);
}
