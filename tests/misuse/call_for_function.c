// A call where the function belongs.
// gcc: what is to be called is not a function: write its name, and then its arguments after commas
// clang: what is to be called is not a function: write its name, and then its arguments after commas
#include <lifoguard/lifoguard.h>

void take(int value);

void f(int value)
{
    lg_defer(take(value));
}
