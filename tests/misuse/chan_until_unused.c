// Not asking whether it was sent.
// gcc: ignoring return value
// clang: ignoring return value
// flags: -Werror
#include <lifoguard/lifoguard.h>

void f(lg_chan(int) c)
{
    lg_chan_send_until(c, 1, lg_until_timeout(LG_SECOND));
}
