// The error that a panic became is ignored.
// gcc: ignoring return value of
// clang: ignoring return value of
// flags: -Werror
#include <lifoguard/lifoguard.h>

void work(int number);

void f(void)
{
    lg_call_contained(work, 1);
}
