// lg_defer_recover in a function that is not opened for it.
// gcc: lg_defer_recover_stands_only_in_an_lg_func_recovers
// clang: lg_defer_recover_stands_only_in_an_lg_func_recovers
#include <lifoguard/lifoguard.h>

static void stop(lg_panic_info *panic)
{
    lg_recover(panic);
}

void f(void)
{
    lg_defer_recover(stop);
}
