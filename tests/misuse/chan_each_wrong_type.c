// A loop with another type than the channel's.
// gcc: pointer type mismatch in conditional expression
// clang: pointer type mismatch
// flags: -Werror
#include <lifoguard/lifoguard.h>

void f(lg_chan(int) c)
{
    lg_chan_each (c, unsigned, i)
        (void)i;
}
