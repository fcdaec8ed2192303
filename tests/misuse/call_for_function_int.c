// A call with a result where the function belongs.
// gcc: what is to be called is not a function: write its name, and then its arguments after commas
// clang: what is to be called is not a function: write its name, and then its arguments after commas
#include <lifoguard/lifoguard.h>

int take(int value);

void f(int value)
{
    lg_defer(take(value));
}
