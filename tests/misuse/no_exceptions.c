// Compiled without -fexceptions.
// gcc: compile with -fexceptions; if installed, pkg-config
// clang: compile with -fexceptions; if installed, pkg-config
// flags: -fno-exceptions
#include <lifoguard/lifoguard.h>

void f(void)
{
}
