// A variadic function.
// gcc: the function is variadic, or a parameter is bool, char, short or float: write a function
// clang: the function is variadic, or a parameter is bool, char, short or float: write a function
// std: gnu17
#include <stdio.h>

#include <lifoguard/lifoguard.h>

void f(void)
{
    lg_go(printf, "%d", 1);
}
