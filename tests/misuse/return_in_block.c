// lg_return in a deferred block.
// gcc: lg_return_goes_to_the_one_lg_func_of_its_function_and_not_out_of_a_deferred_block
// clang: cannot jump from this goto
// clang: lg_return_goes_to_the_one_lg_func_of_its_function_and_not_out_of_a_deferred_block
#include <lifoguard/lifoguard.h>

int f(void)
{
    lg_func (int, result) {
        lg_defer_block { lg_return(2); }
        lg_return(1);
    }
}
