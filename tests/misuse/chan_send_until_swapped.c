// The limit before the value.
// gcc: the limit is an lg_until: write
// clang: the limit is an lg_until: write
#include <lifoguard/lifoguard.h>

lg_error *f(lg_chan(int) c)
{
    return lg_chan_send_until(c, lg_until_now(), 1);
}
