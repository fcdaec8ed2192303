// The address of a channel, which would go for the channel.
// gcc: write the channel itself, not its address
// clang: write the channel itself, not its address
#include <lifoguard/lifoguard.h>

void f(lg_chan(int) channel)
{
    lg_chan_unref(&channel);
}
