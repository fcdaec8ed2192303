// An argument that is not declared.
// gcc: ‘value’ undeclared
// clang: use of undeclared identifier 'value'
#include <lifoguard/lifoguard.h>

void take(int value);

void f(void)
{
    lg_defer(take, value);
}
