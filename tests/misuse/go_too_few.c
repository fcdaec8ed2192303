// An argument is missing.
// gcc: too few arguments
// clang: too few arguments
#include <lifoguard/lifoguard.h>

void take(int a, int b);

void f(void)
{
    lg_go(take, 1);
}
