// A function that is not declared.
// gcc: ‘take’ undeclared
// clang: use of undeclared identifier 'take'
#include <lifoguard/lifoguard.h>

void f(int value)
{
    lg_defer(take, value);
}
