// lg_return_void outside an lg_func_void.
// gcc: stands_only_in_an_lg_func
// clang: stands_only_in_an_lg_func
#include <lifoguard/lifoguard.h>

void f(void)
{
    lg_return_void();
}
