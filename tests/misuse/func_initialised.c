// An initialiser for the result, which begins as zero.
// gcc: write lg_func (type, name)
// clang: write lg_func (type, name)
#include <lifoguard/lifoguard.h>

lg_error *f(void)
{
    lg_func (lg_error *, err = NULL) {
        lg_return(err);
    }
}
