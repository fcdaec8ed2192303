// A goto past a group.
// gcc: jump into scope
// gcc: a_defer_that_this_jump_would_skip__put_the_defer_in_braces
// clang: cannot jump from this goto statement to its label
#include <lifoguard/lifoguard.h>

void take(void);

void f(int n)
{
    if (n)
        goto past;
    lg_group_scope(group, NULL);
past:
    take();
}
