// A deferred call without a function, where success decides.
// gcc: the function is missing: write its name
// clang: the function is missing: write its name
#include <lifoguard/lifoguard.h>

lg_error *f(void)
{
    lg_func (lg_error *, err) {
        lg_defer_on_error();
        lg_return(NULL);
    }
}
