// The type behind the name.
// gcc: write lg_chan_each (channel, type, name), with the type of the elements
// clang: write lg_chan_each (channel, type, name), with the type of the elements
#include <lifoguard/lifoguard.h>

int work(int n);
void f(lg_chan(int) c)
{
    lg_chan_each (c, n, int)
        work(n);
}
