// A number in place of the channel.
// gcc: write the channel itself, not its address
// clang: write the channel itself, not its address
#include <lifoguard/lifoguard.h>

size_t f(int c)
{
    return lg_chan_len(c);
}
