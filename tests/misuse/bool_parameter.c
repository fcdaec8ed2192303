// A bool parameter that is given an int.
// gcc: copy the values to locals, then write lg_defer_block { function(local); }
// clang: copy the values to locals, then write lg_defer_block { function(local); }
// std: gnu17
#include <lifoguard/lifoguard.h>

void take(bool value);

void f(int value)
{
    lg_defer(take, value);
}
