// The channel's address.
// gcc: write the channel itself, not its address
// clang: write the channel itself, not its address
#include <lifoguard/lifoguard.h>

void f(lg_chan(int) c)
{
    lg_chan_send(&c, 1);
}
