// A case past a guard.
// gcc: switch jumps into scope
// gcc: this_jump_would_skip_the_defer__let_one_block_hold_the_defer_and_all_that_needs_it_
// clang: cannot jump from switch statement to this case label
#include <lifoguard/lifoguard.h>

void f(lg_mutex *mutex, int n)
{
    switch (n) {
    case 1:;
        lg_guard(lg_mutex)(mutex);
        break;
    case 2: break;
    }
}
