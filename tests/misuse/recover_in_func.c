// lg_defer_recover in an lg_func, which cannot recover.
// gcc: lg_defer_recover_stands_only_in_an_lg_func_recovers
// clang: lg_defer_recover_stands_only_in_an_lg_func_recovers
#include <lifoguard/lifoguard.h>

static void stop(lg_panic_info *panic)
{
    lg_recover(panic);
}

int f(void)
{
    lg_func (int, result) {
        lg_defer_recover(stop);
        lg_return(1);
    }
}
