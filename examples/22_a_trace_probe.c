/* One line at the top of a function says when it is entered and left, and how long it took; also when it
 * is left by a panic, before that arrives at main. */
#include <stdio.h>
#include <time.h>

#include <lifoguard/lifoguard.h>

static void do_work(void)
{
    lg_defer_probe(stdout, "doWork");
    nanosleep(&(struct timespec){.tv_nsec = 50 * LG_MILLISECOND}, NULL);
}

static void may_crash(void)
{
    lg_defer_probe(stdout, "mayCrash");
    lg_panic("planned");
}

static void report(lg_panic_info *panic)
{
    if (lg_recover(panic))
        printf("recovered: %s\n", lg_panic_message(panic));
}

int main(void)
{
    lg_func_recovers (int, status) {
        lg_defer_recover(report);
        do_work();
        may_crash();
    }
}
