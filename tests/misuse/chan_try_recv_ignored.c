// Whether an element was received is ignored.
// gcc: ignoring return value of
// clang: ignoring return value of
// flags: -Werror
#include <lifoguard/lifoguard.h>

void f(lg_chan(int) channel, int *to)
{
    lg_chan_try_recv(channel, to);
}
