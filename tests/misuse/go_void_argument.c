// A goroutine's argument that is a call without a value.
// gcc: argument 1 is neither a pointer
// clang: passing 'void' to parameter of incompatible type 'int'
#include <lifoguard/lifoguard.h>

void put(int a);

void f(int a)
{
    lg_go(put, put(a));
}
