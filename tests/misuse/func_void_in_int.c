// lg_func_void in a function that returns a value.
// gcc: void value not ignored as it ought to be
// gcc: lg_func_void is for a function that returns void: write lg_func (type, name)
// clang: non-void function 'f' should return a value
#include <lifoguard/lifoguard.h>

void put(int n);

int f(int n)
{
    lg_func_void {
        put(n);
    }
}
