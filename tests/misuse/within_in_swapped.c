// Limit and error in the wrong order, for a call in a scope.
// gcc: the limit is a duration
// clang: the limit is a duration
#include <lifoguard/lifoguard.h>

lg_error *work(void *at);

void f(lg_scope *scope, void *at)
{
    lg_error *err = NULL;
    lg_defer_within_in(scope, &err, LG_SECOND, work, at);
}
