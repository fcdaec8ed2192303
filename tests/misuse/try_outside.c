// lg_try in a function that is not an lg_func.
// gcc: lg_return_stands_only_in_an_lg_func
// clang: lg_return_stands_only_in_an_lg_func
#include <lifoguard/lifoguard.h>

lg_error *g(void);

lg_error *f(void)
{
    lg_try(g());
    return NULL;
}
