// A goroutine without a function.
// gcc: the function or an argument is missing: write the name of the function
// clang: the function or an argument is missing: write the name of the function
#include <lifoguard/lifoguard.h>

void f(void)
{
    lg_go();
}
