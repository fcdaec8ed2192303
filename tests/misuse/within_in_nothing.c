// A call with a limit in a scope, without a function.
// gcc: the function is missing: write its name
// clang: the function is missing: write its name
#include <lifoguard/lifoguard.h>

void f(lg_scope *scope, lg_error **err)
{
    lg_defer_within_in(scope, LG_SECOND, err);
}
