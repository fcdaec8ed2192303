/* The third step: the runner goes on until its context is done. Five things are deferred, in three places: the unlock,
 * the end of the ticker, the end of the goroutine, the wait for it, and the end of the context. None knows of the
 * others. */
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

static void run(struct runner *runner, const lg_context *ctx)
{
    lg_ticker *ticker = lg_ticker_new(20 * LG_MILLISECOND);
    lg_defer(lg_ticker_free, ticker);
    while (lg_select(lg_case_context(ctx), lg_case_recv(lg_ticker_channel(ticker), NULL, NULL)) !=
           0)
        bump(runner);
}

static void run_for(struct runner *runner, lg_duration duration)
{
    lg_auto_context lg_context *ctx = lg_context_with_timeout(lg_context_background(), duration);
    lg_waitgroup group = LG_WAITGROUP_INIT;
    lg_defer(lg_waitgroup_wait, &group);
    lg_waitgroup_go(&group, run, runner, ctx);
}

int main(void)
{
    struct runner runner = {0};
    run_for(&runner, 210 * LG_MILLISECOND);
    printf("bumps: %d\n", runner.counter);
    return 0;
}
