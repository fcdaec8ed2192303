// A float parameter that is given an int, in C23.
// gcc: write lg_defer_block { function(value); } with a copy of the value in a local variable
// clang: passing '
// clang: only_pointers_and_integers_can_be_passed__copy_to_a_local_and_write_lg_defer_block
// std: gnu2x
#include <lifoguard/lifoguard.h>

void take(float value);

void f(int value)
{
    lg_defer(take, value);
}
