// A scope of calls that run at once, where its address is wanted.
// gcc: write &scope, declared by lg_at_once
// clang: write &scope, declared by lg_at_once
#include <lifoguard/lifoguard.h>

lg_error *work(void *at);

void f(void *at)
{
    lg_error *err = NULL;
    lg_at_once(calls, &err);
    lg_defer_at_once(calls, work, at);
}
