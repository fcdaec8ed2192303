// A goto past a stretch without a mutex: it would be locked without having been unlocked.
// gcc: jump into scope
// gcc: this_jump_would_skip_the_defer__let_one_block_hold_the_defer_and_all_that_needs_it
// clang: cannot jump from this goto statement to its label
#include <lifoguard/lifoguard.h>

void take(void);

void f(lg_mutex *mutex, int n)
{
    if (n)
        goto past;
    lg_mutex_scoped_unlock(mutex);
past:
    take();
}
