// A receive without its limit.
// gcc: write lg_chan_recv_until(channel, &variable, until)
// clang: write lg_chan_recv_until(channel, &variable, until)
#include <lifoguard/lifoguard.h>

lg_error *f(lg_chan(int) c, int *n)
{
    return lg_chan_recv_until(c, n);
}
