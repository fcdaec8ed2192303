// A later case would skip the group.
// gcc: switch jumps into scope
// gcc: this_jump_would_skip_the_defer__let_one_block_hold_the_defer_and_all_that_needs_it
// clang: cannot jump from switch statement to this case label
#include <lifoguard/lifoguard.h>

void take(void);

void f(int n)
{
    switch (n) {
        lg_group_scope(group, NULL);
    case 1: take();
    }
}
