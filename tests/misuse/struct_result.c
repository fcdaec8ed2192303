// A function that returns a struct.
// gcc: a struct or long double result: only functions that return void or a scalar can be called: write lg_defer_block { function(...); }
// clang: a struct or long double result: only functions that return void or a scalar can be called: write lg_defer_block { function(...); }
#include <lifoguard/lifoguard.h>

struct pair {
    long a, b, c;
};
struct pair take(void);

void f(void)
{
    lg_defer(take);
}
