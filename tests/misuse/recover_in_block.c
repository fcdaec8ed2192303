// lg_defer_recover directly in a deferred block.
// gcc: lg_return_goes_to_the_one_lg_func_of_its_function_and_not_out_of_a_deferred_block
// clang: cannot jump from this goto statement
#include <lifoguard/lifoguard.h>

static void stop(lg_panic_info *panic)
{
    lg_recover(panic);
}

void f(void)
{
    lg_func_recovers_void {
        lg_defer_block { lg_defer_recover(stop); }
    }
}
