// A channel of constants, to which nothing could be received.
// gcc: write the type of the elements without const
// clang: write the type of the elements without const
#include <lifoguard/lifoguard.h>

void f(void)
{
    lg_chan(const int) numbers = lg_chan_make(const int, 1);
    lg_defer(lg_chan_unref, numbers);
}
