// A function that returns a struct.
// gcc: the function returns a struct or a long double: write lg_defer_block
// clang: the function returns a struct or a long double: write lg_defer_block
#include <lifoguard/lifoguard.h>

struct pair {
    long a, b, c;
};
struct pair take(void);

void f(void)
{
    lg_defer(take);
}
