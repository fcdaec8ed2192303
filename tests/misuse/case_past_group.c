// A later case would skip the group.
// gcc: a_defer_that_this_jump_would_skip__put_the_defer_in_braces
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
