// A goto past a registration.
// gcc: jump into scope
// gcc: this_jump_would_skip_the_defer__let_one_block_hold_the_defer_and_all_that_needs_it
// clang: cannot jump from this goto statement to its label
#include <lifoguard/lifoguard.h>

void take(void);
void stop_it(lg_panic_info *panic);

void f(int n)
{
    if (n)
        goto past;
    lg_scope(s);
past:
    take();
}
