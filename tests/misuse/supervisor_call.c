// A call where the function and its arguments are wanted.
// gcc: what is to be called is not a function
// clang: what is to be called is not a function
#include <lifoguard/lifoguard.h>

void work(const lg_context *ctx, void *at);

lg_error *f(lg_supervisor *all, void *at)
{
    return lg_supervisor_go(all, work(NULL, at));
}
