// A semicolon between lg_func and its block.
// gcc: lg_return_stands_only_in_an_lg_func
// clang: lg_return_stands_only_in_an_lg_func
#include <lifoguard/lifoguard.h>

int f(void)
{
    lg_func (int, result);
    {
        lg_return(1);
    }
}
