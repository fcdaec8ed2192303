// The error itself, where its address belongs.
// gcc: after the limit comes &err
// clang: after the limit comes &err
#include <lifoguard/lifoguard.h>

lg_error *work(void *at);

void f(void *at)
{
    lg_error *err = NULL;
    lg_defer_within(LG_SECOND, err, work, at);
}
