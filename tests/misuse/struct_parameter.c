// A struct parameter that is given an int.
// gcc: incompatible type for argument 1
// clang: parameter of incompatible type
#include <lifoguard/lifoguard.h>

struct pair {
    int a, b;
};
void take(struct pair pair);

void f(void)
{
    lg_defer(take, 1);
}
