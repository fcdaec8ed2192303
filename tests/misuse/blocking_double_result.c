// The result of a call on a helper thread is a word.
// gcc: a floating-point result: let the function write it through a pointer
// clang: a floating-point result: let the function write it through a pointer
#include <lifoguard/lifoguard.h>

double compute(int number);

void f(void)
{
    lg_blocking(compute, 1);
}
