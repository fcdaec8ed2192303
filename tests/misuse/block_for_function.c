// A block in braces, deferred as if it were a function.
// gcc: a block is no function: write lg_defer_block { ... }
// clang: a block is no function: write lg_defer_block { ... }
// gcc errors: 5
// gcc lines: 22
#include <lifoguard/lifoguard.h>

void f(int *count)
{
    lg_defer({ ++*count; });
}
