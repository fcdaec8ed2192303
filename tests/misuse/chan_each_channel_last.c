// The channel behind the rest, as after a colon.
// gcc: write lg_chan_each (channel, type, name), with the type of the elements
// clang: write lg_chan_each (channel, type, name), with the type of the elements
#include <lifoguard/lifoguard.h>

int work(int n);
void f(lg_chan(int) c)
{
    lg_chan_each (int, n, c)
        work(n);
}
