// A bool parameter that is given an int, in C23.
// gcc: write lg_defer_block { function(value); } with a copy of the value in a local variable
// clang: implicit conversion turns string literal into bool
// clang: no bool parameters: copy to a local and write lg_defer_block
// std: gnu2x
#include <lifoguard/lifoguard.h>

void take(bool value);

void f(int value)
{
    lg_defer(take, value);
}
