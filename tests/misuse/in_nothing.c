// A call in a scope without a function.
// gcc: the function is missing: write its name
// clang: the function is missing: write its name
#include <lifoguard/lifoguard.h>

void f(void)
{
    lg_scope(scope);
    lg_defer_in(&scope);
}
