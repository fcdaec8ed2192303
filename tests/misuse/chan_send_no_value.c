// A send of nothing.
// gcc: write the channel, and then the value
// clang: write the channel, and then the value
#include <lifoguard/lifoguard.h>

void f(lg_chan(int) c)
{
    lg_chan_send(c);
}
