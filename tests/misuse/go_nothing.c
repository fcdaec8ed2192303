// A goroutine without a function.
// gcc: the function is missing: write its name
// clang: the function is missing: write its name
#include <lifoguard/lifoguard.h>

void f(void)
{
    lg_go();
}
