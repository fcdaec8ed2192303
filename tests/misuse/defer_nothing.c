// A deferred call without a function.
// gcc: the function is missing: write its name, and then its arguments after commas
// clang: the function is missing: write its name, and then its arguments after commas
#include <lifoguard/lifoguard.h>

void f(void)
{
    lg_defer();
}
