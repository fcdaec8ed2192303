// The named result is an error, and not a pointer to one.
// gcc: write lg_func (lg_error *, name)
// clang: write lg_func (lg_error *, name)
#include <lifoguard/lifoguard.h>

lg_error *f(void)
{
    lg_func (lg_error, err) {
        lg_return(NULL);
    }
}
