// A scope without its result.
// gcc: write lg_at_once(name, &err)
// clang: write lg_at_once(name, &err)
#include <lifoguard/lifoguard.h>

lg_error *work(void *at);
void f(void *at)
{
    lg_at_once(calls);
    lg_defer_at_once(&calls, work, at);
}
