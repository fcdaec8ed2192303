// A goto past a registration.
// gcc: jump into scope
// gcc: a_defer_that_this_jump_would_skip__put_the_defer_in_braces
// clang: cannot jump from this goto statement to its label
#include <lifoguard/lifoguard.h>

void take(void);
void stop_it(lg_panic_info *panic);

lg_error *f(int n)
{
    lg_func_recovers (lg_error *, err) {
    if (n)
        goto past;
    lg_defer_on_error(take);
past:
    take();
    }
}
