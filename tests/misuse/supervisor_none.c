// A member without its supervisor.
// gcc: write the supervisor, then the options or the limit
// clang: write the supervisor, then the options or the limit
#include <lifoguard/lifoguard.h>

void work(const lg_context *ctx, void *at);

lg_error *f(void *at)
{
    return lg_supervisor_go(work, at);
}
