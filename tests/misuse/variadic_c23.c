// A variadic function, in C23.
// gcc: write lg_defer_block { function(value); } with a copy of the value in a local variable
// clang: write lg_defer_block { function(value); } with a copy of the value in a local variable
// std: gnu2x
#include <lifoguard/lifoguard.h>

void take(const char *format, ...);

void f(int value)
{
    lg_defer(take, "x", value);
}
