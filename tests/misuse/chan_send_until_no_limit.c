// A send with a limit, without the limit.
// gcc: write the channel, the value and the limit
// clang: write the channel, the value and the limit
#include <lifoguard/lifoguard.h>

lg_error *f(lg_chan(int) channel)
{
    return lg_chan_send_until(channel, 1);
}
