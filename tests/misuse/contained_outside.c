// lg_defer_contained outside an lg_func.
// gcc: lg_func
// clang: lg_func
#include <lifoguard/lifoguard.h>

void take(void);

void f(void)
{
    lg_defer_contained(take);
}
