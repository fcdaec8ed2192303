// A deferred block with a clang that has no TS 25755, or without -fdefer-ts. (lg_defer needs neither.)
// gcc: -
// clang: a deferred block needs clang 22 and -fdefer-ts
// flags: -fno-defer-ts
#include <lifoguard/lifoguard.h>

void f(void)
{
    lg_defer(puts, "later");
    lg_defer_block
    {
        puts("refused");
    }
}
