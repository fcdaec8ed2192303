// A bool parameter that is given an int.
// gcc: write lg_defer_block { function(value); } with a copy of the value in a local variable
// clang: write lg_defer_block { function(value); } with a copy of the value in a local variable
// std: gnu17
#include <lifoguard/lifoguard.h>

void take(bool value);

void f(int value)
{
    lg_defer(take, value);
}
