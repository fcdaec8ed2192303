// The address of a channel, which would go for the channel.
// gcc: write the channel itself, not its address
// clang: write the channel itself, not its address
#include <lifoguard/lifoguard.h>

size_t f(lg_chan(int) channel)
{
    return lg_chan_len(&channel);
}
