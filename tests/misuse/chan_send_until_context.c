// A context for the limit.
// gcc: the limit is an lg_until: write
// clang: the limit is an lg_until: write
#include <lifoguard/lifoguard.h>

lg_error *f(lg_chan(int) c, lg_context *ctx)
{
    return lg_chan_send_until(c, 1, ctx);
}
