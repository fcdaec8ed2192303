// A length of time for the limit.
// gcc: the limit is an lg_until: write
// clang: the limit is an lg_until: write
#include <lifoguard/lifoguard.h>

lg_error *f(lg_chan(int) c, int *n)
{
    return lg_chan_recv_until(c, n, LG_SECOND);
}
