// A compound literal, whose commas end an argument.
// gcc: a compound literal with commas stands in parentheses
// clang: a compound literal with commas stands in parentheses
// gcc errors: 15
// gcc lines: 85
#include <lifoguard/lifoguard.h>

void work(void *at);

void f(void)
{
    lg_defer(work, (int[]){1, 2, 3});
}
