// An argument that is a call without a value.
// gcc: argument 2 is neither a pointer
// clang: passing 'void' to parameter of incompatible type 'int'
#include <lifoguard/lifoguard.h>

void take(int a, int b);
void put(int a);

void f(int a)
{
    lg_defer(take, a, put(a));
}
