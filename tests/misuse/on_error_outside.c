// lg_defer_on_error outside an lg_func.
// gcc: this_stands_only_in_an_lg_func
// clang: this_stands_only_in_an_lg_func
#include <lifoguard/lifoguard.h>

void take(void);

void f(void)
{
    lg_defer_on_error(take);
}
