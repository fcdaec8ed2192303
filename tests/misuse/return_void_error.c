// The same where the result is an error.
// gcc: the function has a result: write lg_return(value)
// clang: the function has a result: write lg_return(value)
#include <lifoguard/lifoguard.h>

lg_error *f(int n)
{
    lg_func_recovers (lg_error *, err) {
        if (n > 0)
            lg_return_void();
        lg_return(NULL);
    }
}
