// A comma behind the function.
// gcc: the function or an argument is missing: write the name of the function
// clang: the function or an argument is missing: write the name of the function
#include <lifoguard/lifoguard.h>

void work(void *at);

void f(void *at)
{
    lg_defer(work,);
}
