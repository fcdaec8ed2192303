// A short parameter that is given an int, in C23.
// gcc: write lg_defer_block { function(value); } with a copy of the value in a local variable
// clang: implicit conversion loses integer precision
// clang: no narrow parameters: copy to a local and write lg_defer_block
// std: gnu2x
#include <lifoguard/lifoguard.h>

void take(short value);

void f(int value)
{
    lg_scope(s);
    lg_defer_in(&s, take, value);
}
