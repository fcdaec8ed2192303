// A call with a limit in a scope, without a function.
// gcc: the function or an argument is missing: write the name of the function
// clang: the function or an argument is missing: write the name of the function
#include <lifoguard/lifoguard.h>

void f(lg_scope *scope, lg_error **err)
{
    lg_defer_within_in(scope, LG_SECOND, err);
}
