// A pointer to an element in place of the channel.
// gcc: write the channel itself, not its address
// clang: write the channel itself, not its address
#include <lifoguard/lifoguard.h>

int f(int *c)
{
    return lg_chan_recv_value(c);
}
