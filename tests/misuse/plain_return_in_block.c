// A return in a deferred block.
// gcc: -
// clang: cannot return from a defer statement
#include <lifoguard/lifoguard.h>

void f(int *n)
{
    lg_defer_block {
        if (*n)
            return;
        ++*n;
    }
}
