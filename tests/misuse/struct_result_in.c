// A function that returns a struct, in a scope.
// gcc: the function returns a struct or a long double: write lg_defer_block
// clang: the function returns a struct or a long double: write lg_defer_block
#include <lifoguard/lifoguard.h>

struct pair {
    long a, b, c;
};
struct pair take(int a);

void f(void)
{
    lg_scope(s);
    lg_defer_in(&s, take, 1);
}
