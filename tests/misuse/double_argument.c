// A double argument.
// gcc: copy the values to locals, then write lg_defer_block { function(local); }
// clang: copy the values to locals, then write lg_defer_block { function(local); }
#include <lifoguard/lifoguard.h>

void take(double number);

void f(void)
{
    lg_defer(take, 1.5);
}
