/* The second step: a counter that many goroutines share. Two things are deferred, each where its counterpart is:
 * the unlock in bump(), and the wait for all goroutines where they are started. */
#include <stdio.h>

#include <lifoguard/lifoguard.h>

struct runner {
    lg_mutex mutex;
    int counter;
};

static void bump(struct runner *runner)
{
    lg_mutex_lock(&runner->mutex);
    lg_defer(lg_mutex_unlock, &runner->mutex);
    runner->counter++;
}

static void run(struct runner *runner, int jobs)
{
    lg_waitgroup group = LG_WAITGROUP_INIT;
    lg_defer(lg_waitgroup_wait, &group);
    for (int i = 0; i < jobs; i++)
        lg_waitgroup_go(&group, bump, runner);
}

int main(void)
{
    struct runner runner = {0};
    run(&runner, 100);
    printf("%d\n", runner.counter);
    return 0;
}
