// A named result of a type that is not declared.
// gcc: number
// clang: use of undeclared identifier 'number'
#include <lifoguard/lifoguard.h>

int f(void)
{
    lg_func (number, n) {
        n = 1;
        lg_return(n);
    }
}
