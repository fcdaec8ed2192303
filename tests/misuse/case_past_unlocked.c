// A case past a stretch without a mutex.
// gcc: switch jumps into scope
// gcc: a_defer_that_this_jump_would_skip__put_the_defer_in_braces
// clang: cannot jump from switch statement to this case label
#include <lifoguard/lifoguard.h>

void take(void);

void f(lg_mutex *mutex, int n)
{
    switch (n) {
    case 0:;
        lg_mutex_scoped_unlock(mutex);
        take();
        break;
    case 1:
        take();
    }
}
