// A double argument.
// gcc: argument 1 is neither a pointer, an integer of int width or more, nor the only lg_until: write lg_defer_block { function(value); } with a copy of the value in a local variable
// clang: argument 1 is neither a pointer, an integer of int width or more, nor the only lg_until: write lg_defer_block { function(value); } with a copy of the value in a local variable
#include <lifoguard/lifoguard.h>

void take(double number);

void f(void)
{
    lg_defer(take, 1.5);
}
