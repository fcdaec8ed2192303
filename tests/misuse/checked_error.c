// A checked closer that returns an error.
// gcc: only a function that returns an int can be checked
// clang: only a function that returns an int can be checked
#include <lifoguard/lifoguard.h>

lg_error *end(void *at);

void f(void *at, lg_error **err)
{
    lg_defer_checked(end, at, err);
}
