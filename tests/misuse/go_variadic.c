// A variadic function.
// gcc: a bool, char, short or float parameter, or a variadic function
// clang: a bool, char, short or float parameter, or a variadic function
// std: gnu17
#include <stdio.h>

#include <lifoguard/lifoguard.h>

void f(void)
{
    lg_go(printf, "%d", 1);
}
