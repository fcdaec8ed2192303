// An argument of type short.
// gcc: copy the values to locals, then write lg_defer_block { function(local); }
// clang: copy the values to locals, then write lg_defer_block { function(local); }
#include <lifoguard/lifoguard.h>

void take(short value);

void f(short value)
{
    lg_defer(take, value);
}
