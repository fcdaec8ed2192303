// An argument of type bool.
// gcc: copy the values to locals, then write lg_defer_block { function(local); }
// clang: copy the values to locals, then write lg_defer_block { function(local); }
#include <lifoguard/lifoguard.h>

void take(bool value);

void f(bool value)
{
    lg_defer(take, value);
}
