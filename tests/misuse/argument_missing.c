// Nothing between two commas.
// gcc: the function or an argument is missing: write the name of the function
// clang: the function or an argument is missing: write the name of the function
#include <lifoguard/lifoguard.h>

void two(void *at, int n);

void f(void)
{
    lg_defer(two, , 1);
}
