// An initialiser for the result, which begins as zero.
// gcc: write lg_func (type, name)
// clang: write lg_func (type, name)
// gcc errors: 5
// gcc lines: 26
#include <lifoguard/lifoguard.h>

lg_error *f(void)
{
    lg_func (lg_error *, err = NULL) {
        lg_return(err);
    }
}
