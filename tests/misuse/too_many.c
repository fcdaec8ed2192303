// Too many arguments for the function.
// gcc: too many arguments
// clang: too many arguments
#include <lifoguard/lifoguard.h>

static void take(int a)
{
    (void)a;
}

void f(void)
{
    lg_defer(take, 1, 2);
}
