// A call where the function belongs.
// gcc: the first argument is not a function: write lg_defer(function, arguments...)
// clang: the first argument is not a function: write lg_defer(function, arguments...)
#include <lifoguard/lifoguard.h>

void take(int value);

void f(int value)
{
    lg_defer(take(value));
}
