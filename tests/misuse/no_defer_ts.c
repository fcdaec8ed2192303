// clang without -fdefer-ts.
// gcc: -
// clang: compile with -fdefer-ts
// flags: -fno-defer-ts
#include <lifoguard/lifoguard.h>

void f(void)
{
}
