// An argument of the wrong type.
// gcc: incompatible
// gcc: pointer
// clang: incompatible
// clang: pointer
// flags: -Werror=incompatible-pointer-types
#include <lifoguard/lifoguard.h>

static void take(const char *text)
{
    (void)text;
}

void f(double *number)
{
    lg_defer(take, number);
}
