// The function before the duration.
// gcc: write the duration, the function, and its arguments
// clang: write the duration, the function, and its arguments
#include <lifoguard/lifoguard.h>

void work(void *at);

lg_timer *f(void *at)
{
    return lg_timer_new_func(work, LG_SECOND, at);
}
