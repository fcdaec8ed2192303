// A later case jumps past a registration.
// gcc: switch jumps into scope
// gcc: a_defer_that_this_jump_would_skip__put_the_defer_in_braces
// clang: cannot jump from switch statement to this case label
#include <lifoguard/lifoguard.h>

void take(void);
void stop_it(lg_panic_info *panic);

void f(int n)
{
    switch (n) {
    case 0:;
        lg_defer_as(deferred, take);
        break;
    case 1:
        take();
        break;
    }
}
