// lg_return_void outside an lg_func_void.
// gcc: lg_return_goes_to_the_one_lg_func_of_its_function
// clang: lg_return_goes_to_the_one_lg_func_of_its_function
#include <lifoguard/lifoguard.h>

void f(void)
{
    lg_return_void();
}
