// A deferred call without a function, where success decides.
// gcc: the function or an argument is missing: write the name of the function
// clang: the function or an argument is missing: write the name of the function
#include <lifoguard/lifoguard.h>

lg_error *f(void)
{
    lg_func (lg_error *, err) {
        lg_defer_on_error();
        lg_return(NULL);
    }
}
