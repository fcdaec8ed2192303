// lg_return with a value in a function that has none.
// gcc: lg_func_void_has_no_result__write_lg_return_void_or_lg_func
// clang: lg_func_void_has_no_result__write_lg_return_void_or_lg_func
#include <lifoguard/lifoguard.h>

void f(int n)
{
    lg_func_void {
        if (n > 0)
            lg_return(n);
    }
}
