// lg_return_void in a function that has a result.
// gcc: the function has a result: write lg_return(value)
// clang: the function has a result: write lg_return(value)
#include <lifoguard/lifoguard.h>

int f(int n)
{
    lg_func (int, result) {
        if (n > 0)
            lg_return_void();
        result = n;
    }
}
