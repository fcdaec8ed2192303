// The variable before the channel.
// gcc: write the channel itself, not its address
// clang: write the channel itself, not its address
#include <lifoguard/lifoguard.h>

int f(lg_chan(int) c)
{
    int n = 0;
    return lg_chan_recv(&n, c) ? n : 0;
}
