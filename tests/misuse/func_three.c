// A third argument.
// gcc: write lg_func (type, name)
// clang: write lg_func (type, name)
#include <lifoguard/lifoguard.h>

lg_error *f(void)
{
    lg_func_recovers (lg_error *, err, NULL) {
        lg_return(NULL);
    }
}
