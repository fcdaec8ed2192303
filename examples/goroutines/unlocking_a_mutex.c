/* The mutex is unlocked on every exit of bump(): also by a panic, which would else leave all the others
 * waiting. The wait is deferred too, before anything is started: whatever happens, bump_often() is not left
 * while goroutines still use its variables. */
#include <stdio.h>

#include <lifoguard/lifoguard.h>

static lg_mutex mutex;
static int counter;

static void bump(void)
{
    lg_mutex_lock(&mutex);
    lg_defer(lg_mutex_unlock, &mutex);
    counter++;
}

static void bump_often(int times)
{
    lg_waitgroup bumps = LG_WAITGROUP_INIT;
    lg_defer(lg_waitgroup_wait, &bumps);
    for (int i = 0; i < times; i++)
        lg_waitgroup_go(&bumps, bump);
}

int main(void)
{
    bump_often(1000);
    printf("counter = %d\n", counter);
    return 0;
}
