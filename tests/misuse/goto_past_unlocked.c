// A goto past a stretch without a mutex: it would be locked without having been unlocked.
// gcc: jump into scope
// gcc: a_defer_that_this_jump_would_skip__put_the_defer_in_braces
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
