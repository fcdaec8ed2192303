// A send of nothing.
// gcc: write the channel, and then the value
// clang: write the channel, and then the value
#include <lifoguard/lifoguard.h>

int f(lg_chan(int) c)
{
    return lg_chan_try_send(c);
}
