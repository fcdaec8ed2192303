/* One line at the top of a function says when it is entered and left, and how long it took; also when it
 * is left by a panic, before that arrives at main. */
#include <stdio.h>
#include <time.h>

#include <lifoguard/lifoguard.h>

static lg_time enter(const char *name)
{
    printf("[ENTER %s]\n", name);
    return lg_now();
}

static void leave(const char *name, lg_time start)
{
    char elapsed[LG_DURATION_TEXT_SIZE];
    lg_duration_format(lg_since(start), elapsed, sizeof(elapsed));
    printf("[EXIT %s after %s]\n", name, elapsed);
}

/* enter is called now, since arguments are evaluated at the defer; leave when the block is left. */
#define TRACE(name) lg_defer(leave, name, enter(name))

static void do_work(void)
{
    TRACE("doWork");
    nanosleep(&(struct timespec){.tv_nsec = 50 * LG_MILLISECOND}, NULL);
}

static void may_crash(void)
{
    TRACE("mayCrash");
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
