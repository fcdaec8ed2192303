// A comma behind the last argument.
// gcc: the function or an argument is missing: write the name of the function
// clang: the function or an argument is missing: write the name of the function
#include <lifoguard/lifoguard.h>

void work(void *at);

void f(void *at)
{
    lg_defer_as(call, work, at,);
    lg_deferred_run(call);
}
