// Whether the value was sent is ignored.
// gcc: ignoring return value of
// clang: ignoring return value of
// flags: -Werror
#include <lifoguard/lifoguard.h>

void f(lg_chan(int) channel)
{
    lg_chan_try_send(channel, 1);
}
