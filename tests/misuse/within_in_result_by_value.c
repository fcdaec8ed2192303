// The error itself, where its address belongs, for a call in a scope.
// gcc: after the limit comes &err
// clang: after the limit comes &err
#include <lifoguard/lifoguard.h>

lg_error *work(void *at);

void f(lg_scope *scope, void *at)
{
    lg_error *err = NULL;
    lg_defer_within_in(scope, LG_SECOND, err, work, at);
}
