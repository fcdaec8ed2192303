// A function that returns a struct, in a scope.
// gcc: a struct or long double result: only functions that return void or a scalar can be called: write lg_defer_block { function(...); }
// clang: a struct or long double result: only functions that return void or a scalar can be called: write lg_defer_block { function(...); }
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
