// The same with a pointer.
// gcc: the type of the result stands first: write lg_func (type, name)
// clang: the type of the result stands first: write lg_func (type, name)
// clang lines: 23
#include <lifoguard/lifoguard.h>

lg_error *f(void)
{
    lg_func_recovers (err, lg_error *) {
        lg_return(NULL);
    }
}
