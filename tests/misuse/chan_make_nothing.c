// A channel of nothing.
// gcc: write lg_chan_make(type, capacity)
// clang: write lg_chan_make(type, capacity)
#include <lifoguard/lifoguard.h>

void f(void)
{
    lg_chan(int) c = lg_chan_make();
    lg_chan_unref(c);
}
