// A variadic function, in C23.
// gcc: copy the values to locals, then write lg_defer_block { function(local); }
// clang: copy the values to locals, then write lg_defer_block { function(local); }
// std: gnu2x
#include <lifoguard/lifoguard.h>

void take(const char *format, ...);

void f(int value)
{
    lg_defer(take, "x", value);
}
