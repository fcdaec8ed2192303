// The error of a supervisor is ignored.
// gcc: ignoring return value of
// clang: ignoring return value of
// flags: -Werror
#include <lifoguard/lifoguard.h>

lg_error *work(const lg_context *ctx, int number);

void f(lg_supervisor *supervisor)
{
    lg_supervisor_go(supervisor, work, 1);
}
