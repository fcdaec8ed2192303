// lg_return in a deferred block.
// gcc: lg_return_stands_only_in_an_lg_func_and_not_in_a_deferred_block
// clang: lg_return_stands_only_in_an_lg_func_and_not_in_a_deferred_block
#include <lifoguard/lifoguard.h>

int f(void)
{
    lg_func (int, result) {
        lg_defer_block { lg_return(2); }
        lg_return(1);
    }
}
