// The value before the channel.
// gcc: write the channel itself, not its address
// clang: write the channel itself, not its address
#include <lifoguard/lifoguard.h>

void f(lg_chan(int) c)
{
    lg_chan_send(1, c);
}
