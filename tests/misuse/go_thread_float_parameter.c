// A parameter that the default promotions change.
// gcc: the function is variadic, or a parameter is bool, char, short or float: write a function
// clang: the function is variadic, or a parameter is bool, char, short or float: write a function
// std: gnu17
#include <lifoguard/lifoguard.h>

void take(float number);

void f(void)
{
    lg_go_thread(take, 1);
}
