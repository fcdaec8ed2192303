// The name of the result before its type.
// gcc: the type of the result stands first: write lg_func (type, name)
// clang: the type of the result stands first: write lg_func (type, name)
// clang lines: 23
#include <lifoguard/lifoguard.h>

int f(int n)
{
    lg_func (result, int) {
        lg_return(n);
    }
}
