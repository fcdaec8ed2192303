// A block in braces, deferred as if it were a function.
// gcc: a block is no function: write lg_defer_block { ... }
// clang: a block is no function: write lg_defer_block { ... }
#include <lifoguard/lifoguard.h>

void f(int *count)
{
    lg_defer({ ++*count; });
}
