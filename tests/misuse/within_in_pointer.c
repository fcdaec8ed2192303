// In a scope, a call with a limit is the name of a function.
// gcc: the name of a function and at most one argument
// clang: the name of a function and at most one argument
#include <lifoguard/lifoguard.h>

void f(lg_scope *scope, lg_error **err, void (*stop)(int))
{
    lg_defer_within_in(scope, LG_SECOND, err, stop, 1);
}
