// A start without its limit.
// gcc: write the supervisor, then the options or the limit
// clang: write the supervisor, then the options or the limit
#include <lifoguard/lifoguard.h>

void work(const lg_context *ctx, void *at);

lg_error *f(lg_supervisor *all, void *at)
{
    return lg_supervisor_start(all, work, at);
}
