/* A worker that goes on until its caller's context is done. It says that it is done last of all, since that was
 * deferred first: who waits for it finds the ticker freed and the cleanup printed. */
#include <stdio.h>

#include <lifoguard/lifoguard.h>

static void worker(const lg_context *ctx, lg_waitgroup *group)
{
    lg_defer(lg_waitgroup_done, group);
    lg_defer(puts, "worker cleanup");
    lg_ticker *ticker = lg_ticker_new(50 * LG_MILLISECOND);
    lg_defer(lg_ticker_free, ticker);
    while (lg_select(lg_case_context(ctx), lg_case_recv(lg_ticker_channel(ticker), NULL, NULL)) !=
           0)
        puts("tick");
}

int main(void)
{
    lg_auto_context lg_context *ctx = lg_context_with_timeout(lg_context_background(),
                                                              225 * LG_MILLISECOND);
    lg_waitgroup group = LG_WAITGROUP_INIT;
    lg_waitgroup_add(&group, 1);
    lg_go(worker, ctx, &group);
    lg_waitgroup_wait(&group);
    return 0;
}
