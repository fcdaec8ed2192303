/* What a program leaves allocated that does nothing but run goroutines, also in virtual time, and make and end contexts,
 * is what the library keeps for the next ones: workers, stacks, records of goroutines and of functions, contexts, clocks, a chunk of
 * calls and, from the first shutdown on, what waits for signals. (How the compiler inlines decides which of these calls a kept context is counted under.) */
#include <lifoguard/lifoguard.h>
#include <lifoguard/testing.h>

static void nothing(void)
{
    lg_context *ctx = lg_context_with_timeout(lg_context_background(), LG_HOUR);
    lg_context_on_done(ctx, lg_yield);
    lg_context_free(ctx);
    lg_context_free(lg_context_with_cancel(lg_context_background()));
    lg_context_free(lg_context_without_cancel(lg_context_background()));
    lg_context_free(lg_context_merge(lg_context_background(), lg_context_background()));
}

static void some_more(lg_waitgroup *group)
{
    for (int i = 0; i < 20; i++)
        lg_waitgroup_go(group, nothing);
    lg_sleep(LG_MILLISECOND);
}

static void in_virtual_time(lg_test *t, void *unused)
{
    (void)t, (void)unused;
    lg_sleep(LG_HOUR);
}

static void supervise_nothing(void)
{
    lg_supervisor *supervisor;
    lg_error_free(lg_supervisor_new(&supervisor, lg_context_background(), NULL));
    lg_supervisor_close(supervisor, NULL);
}

static void shut_nothing_down(void)
{
    lg_shutdown *down;
    lg_error_free(lg_shutdown_new(&down, NULL));
    lg_error_free(
        lg_shutdown_wait_until(down, lg_until_timeout(1))); /* it waits: nobody has asked */
    lg_shutdown_request(down, "nothing to shut down");
    lg_shutdown_wait(down);
    lg_shutdown_close(down, NULL);
}

static void defer_many(void)
{
    lg_scope(scope);
    for (int i = 0; i < 100; i++)
        lg_defer_in(&scope, lg_yield);
}

int main(void)
{
    defer_many();
    shut_nothing_down();
    lg_error_free(lg_test_run_virtual("keeps", in_virtual_time, NULL));
    lg_defer(
        supervise_nothing); /* last: of the contexts that were freed, only the last ones are kept */
    lg_waitgroup group = LG_WAITGROUP_INIT;
    lg_defer(lg_waitgroup_wait, &group);
    for (int i = 0; i < 20; i++)
        lg_waitgroup_go(&group, some_more, &group);
    return 0;
}
