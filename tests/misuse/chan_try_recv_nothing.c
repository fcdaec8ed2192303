// A receive without a channel.
// gcc: write lg_chan_try_recv(channel, &variable)
// clang: write lg_chan_try_recv(channel, &variable)
#include <lifoguard/lifoguard.h>

void work(void);

void f(void)
{
    if (lg_chan_try_recv())
        work();
}
