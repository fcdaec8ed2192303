// A loop with another type than the channel's.
// gcc: write the address of a variable of the element type, or NULL
// clang: write the address of a variable of the element type, or NULL
#include <lifoguard/lifoguard.h>

void f(lg_chan(int) c)
{
    lg_chan_each (c, unsigned, i)
        (void)i;
}
