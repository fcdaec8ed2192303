// lg_try in a deferred block.
// gcc: lg_return_stands_only_in_an_lg_func_and_not_in_a_deferred_block
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
