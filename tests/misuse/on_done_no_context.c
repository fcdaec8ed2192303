// A function for the end of a context, without the context.
// gcc: write the context, the function, and its arguments
// clang: write the context, the function, and its arguments
#include <lifoguard/lifoguard.h>

void work(void *at, int n);

void f(void *at)
{
    lg_context_on_done(work, at, 1);
}
