// Compiled without -fexceptions.
// gcc: compile with -fexceptions
// clang: compile with -fexceptions
// flags: -fno-exceptions
#include <lifoguard/lifoguard.h>

void f(void)
{
}
