// A loop with another type than the channel's.
// gcc: write lg_chan_each (channel, type, name), with the type of the elements
// clang: write lg_chan_each (channel, type, name), with the type of the elements
#include <lifoguard/lifoguard.h>

void f(lg_chan(int) c)
{
    lg_chan_each (c, unsigned, i)
        (void)i;
}
