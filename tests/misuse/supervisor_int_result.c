// A member of a supervisor returns void or an error.
// gcc: a member of a group returns void
// clang: a member of a group returns void
#include <lifoguard/lifoguard.h>

int serve(const lg_context *ctx, int port);

lg_error *f(lg_supervisor *all)
{
    return lg_supervisor_go(all, serve, 8080);
}
