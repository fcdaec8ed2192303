// A receive into nothing.
// gcc: write lg_chan_recv(channel, &variable)
// clang: write lg_chan_recv(channel, &variable)
#include <lifoguard/lifoguard.h>

void f(lg_chan(int) c)
{
    lg_chan_recv(c);
}
