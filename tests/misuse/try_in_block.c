// lg_try in a deferred block.
// gcc: lg_return_goes_to_the_one_lg_func_of_its_function_and_not_out_of_a_deferred_block
// clang: cannot jump from this goto statement to its label
#include <lifoguard/lifoguard.h>

lg_error *g(void);

lg_error *f(void)
{
    lg_func (lg_error *, err) {
        lg_defer_block {
            lg_try(g());
        }
    }
}
