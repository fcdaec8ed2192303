// lg_return with two values.
// gcc: write lg_return(value)
// clang: write lg_return(value)
#include <lifoguard/lifoguard.h>

int f(int a, int b)
{
    lg_func (int, number) {
        lg_return(a, b);
    }
}
