// A limited call without a place for its error.
// gcc: after the limit comes &err
// clang: after the limit comes &err
#include <lifoguard/lifoguard.h>

lg_error *work(void *at);

void f(void *at)
{
    lg_defer_within(LG_SECOND, work, at);
}
