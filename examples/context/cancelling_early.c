/* A context is cancelled early; its end, deferred, is there for every other way out, and cancelling twice does no harm
 * (C2). The worker may still look at its context when main has ended its own: it has a child of its own. */
#include <stdio.h>

#include <lifoguard/lifoguard.h>

static void worker(lg_context *ctx)
{
    lg_defer(lg_context_free, ctx);
    if (lg_select(lg_case_context(ctx), lg_case_until(lg_until_timeout(LG_SECOND))) == 0)
        puts("worker: cancelled");
    else
        puts("worker: timed out");
}

int main(void)
{
    lg_context *ctx = lg_context_with_cancel(lg_context_background());
    lg_defer(lg_context_free, ctx);

    lg_waitgroup workers = LG_WAITGROUP_INIT;
    lg_defer(lg_waitgroup_wait, &workers);
    lg_waitgroup_go(&workers, worker, lg_context_with_cancel(ctx));

    lg_sleep(100 * LG_MILLISECOND);
    lg_context_cancel(ctx);
    return 0;
}
