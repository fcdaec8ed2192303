// A struct argument.
// gcc: copy the values to locals, then write lg_defer_block { function(local); }
// clang: copy the values to locals, then write lg_defer_block { function(local); }
#include <lifoguard/lifoguard.h>

struct pair {
    int a, b;
};
void take(struct pair pair);

void f(struct pair pair)
{
    lg_defer(take, pair);
}
