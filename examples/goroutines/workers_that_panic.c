/* A panic that is stopped at the top of its own goroutine harms no other one. run_workers() is not left before
 * all of its workers have ended, with everything that they deferred: the wait, deferred first, runs last. */
#include <stdio.h>

#include <lifoguard/lifoguard.h>

static void report(lg_panic_info *panic, int number)
{
    if (lg_recover(panic))
        printf("worker %d recovered from %s\n", number, lg_panic_message(panic));
}

static void worker(int number)
{
    lg_func_recovers_void {
        lg_defer_recover(report, number);
        if (number == 2)
            lg_panic("boom");
        printf("worker %d done\n", number);
    }
}

static void run_workers(int count)
{
    lg_waitgroup workers = LG_WAITGROUP_INIT;
    lg_defer(lg_waitgroup_wait, &workers);
    for (int i = 0; i < count; i++)
        lg_waitgroup_go(&workers, worker, i);
}

int main(void)
{
    run_workers(4);
    puts("main done");
    return 0;
}
