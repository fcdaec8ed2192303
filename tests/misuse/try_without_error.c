// lg_try in a function that returns no error.
// gcc: lg_try returns the error from the function: write lg_func (lg_error *, err)
// clang: lg_try returns the error from the function: write lg_func (lg_error *, err)
#include <lifoguard/lifoguard.h>

lg_error *g(void);

int f(void)
{
    lg_func (int, result) {
        lg_try(g());
    }
}
