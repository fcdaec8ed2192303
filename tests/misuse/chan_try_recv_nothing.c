// A receive without a channel.
// gcc: macro "lg_chan_try_recv" requires 2 arguments
// clang: too few arguments provided
#include <lifoguard/lifoguard.h>

void work(void);

void f(void)
{
    if (lg_chan_try_recv())
        work();
}
