// A member of a supervisor takes a context first.
// gcc: too many arguments to function
// clang: too many arguments to function call
#include <lifoguard/lifoguard.h>

void serve(int port);

lg_error *f(lg_supervisor *all)
{
    return lg_supervisor_go(all, serve, 8080);
}
