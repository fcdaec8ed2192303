// In a scope, a call with a limit has room for one argument.
// gcc: the name of a function and at most one argument
// clang: the name of a function and at most one argument
#include <lifoguard/lifoguard.h>

void stop(int a, int b);

void f(lg_scope *scope, lg_error **err)
{
    lg_defer_within_in(scope, LG_SECOND, err, stop, 1, 2);
}
