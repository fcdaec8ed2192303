// A parameter that the default promotions change.
// gcc: a bool, char, short or float parameter, or a variadic function
// clang: a bool, char, short or float parameter, or a variadic function
// std: gnu17
#include <lifoguard/lifoguard.h>

void take(float number);

void f(void)
{
    lg_go_thread(take, 1);
}
