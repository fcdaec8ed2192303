// lg_try in a function without a result.
// gcc: lg_try returns the error from the function: write lg_func (lg_error *, err)
// clang: lg_try returns the error from the function: write lg_func (lg_error *, err)
#include <lifoguard/lifoguard.h>

lg_error *g(void);

void f(void)
{
    lg_func_void {
        lg_try(g());
    }
}
