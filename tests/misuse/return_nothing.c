// lg_return without a value.
// gcc: write lg_return(value)
// clang: write lg_return(value)
#include <lifoguard/lifoguard.h>

int f(void)
{
    lg_func (int, number) {
        lg_return();
    }
}
