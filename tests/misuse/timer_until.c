// An lg_until where a duration is wanted.
// gcc: write the duration, the function, and its arguments
// clang: write the duration, the function, and its arguments
#include <lifoguard/lifoguard.h>

void work(void *at);

lg_timer *f(void *at)
{
    return lg_timer_new_func(lg_until_now(), work, at);
}
