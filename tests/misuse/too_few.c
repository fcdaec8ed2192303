// Too few arguments.
// gcc: too few arguments
// clang: too few arguments
#include <lifoguard/lifoguard.h>

static void take(int a, int b)
{
    (void)a;
    (void)b;
}

void f(void)
{
    lg_defer(take, 1);
}
