// A channel without its capacity.
// gcc: write lg_chan_make(type, capacity)
// clang: write lg_chan_make(type, capacity)
#include <lifoguard/lifoguard.h>

void f(void)
{
    lg_chan(int) c = lg_chan_make(int);
    lg_chan_unref(c);
}
