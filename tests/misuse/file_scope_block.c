// A deferred block outside of a function.
// gcc: in a function, and not as the lone body
// clang: in a function, and not as the lone body
// gcc lines: 21
// clang lines: 30
#include <lifoguard/lifoguard.h>

void put(int n);

lg_defer_block
{
    put(1);
}
