// The type and the name without a comma.
// gcc: write lg_func (type, name)
// clang: write lg_func (type, name)
#include <lifoguard/lifoguard.h>

lg_error *f(void)
{
    lg_func (lg_error *err) {
        lg_return(NULL);
    }
}
