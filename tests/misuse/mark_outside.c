// lg_mark_success outside an lg_func.
// gcc: this_stands_only_in_an_lg_func
// clang: this_stands_only_in_an_lg_func
#include <lifoguard/lifoguard.h>

void f(void)
{
    lg_mark_success();
}
