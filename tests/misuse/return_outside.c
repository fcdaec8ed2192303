// lg_return outside an lg_func.
// gcc: lg_return_stands_only_in_an_lg_func
// clang: lg_return_stands_only_in_an_lg_func
#include <lifoguard/lifoguard.h>

int f(void)
{
    lg_return(1);
}
