// An argument of type char.
// gcc: copy the values to locals, then write lg_defer_block { function(local); }
// clang: copy the values to locals, then write lg_defer_block { function(local); }
#include <lifoguard/lifoguard.h>

void take(char value);

void f(char value)
{
    lg_defer(take, value);
}
