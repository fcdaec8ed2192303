// More arguments than can be passed.
// gcc: at most four arguments can be passed, and a compound literal in parentheses: write lg_defer_block { function(value); }
// clang: at most four arguments can be passed, and a compound literal in parentheses: write lg_defer_block { function(value); }
#include <lifoguard/lifoguard.h>

void take(int a, int b, int c, int d, int e);

void f(void)
{
    lg_defer_as(deferred, take, 1, 2, 3, 4, 5);
}
