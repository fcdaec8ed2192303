/* A panic runs what is deferred on its way out, from the inside to the outside: the cleanup of
 * may_panic comes before main's recovery (P1). Only a call made with lg_defer_recover is given the
 * panic, and only in a function that was opened for it (P2). */
#include <stdio.h>

#include <lifoguard/lifoguard.h>

static void may_panic(void)
{
    lg_defer(puts, "cleanup ran");
    lg_panic("oh no");
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
        may_panic();
    }
}
