/* The fourth step: the goroutine writes to a file. The file was opened first, so it is closed last: after the context
 * has been ended, and after that the goroutine is gone. mistakes/closing_before_cancelling.c shows what the other order does. */
#include <errno.h>
#include <stdio.h>

#include <lifoguard/lifoguard.h>

struct runner {
    lg_mutex mutex;
    int counter;
    FILE *out;
};

static void bump(struct runner *runner)
{
    lg_mutex_lock(&runner->mutex);
    lg_defer(lg_mutex_unlock, &runner->mutex);
    runner->counter++;
    fprintf(runner->out, "bump %d\n", runner->counter);
}

static void run(struct runner *runner, const lg_context *ctx)
{
    lg_ticker *ticker = lg_ticker_new(20 * LG_MILLISECOND);
    lg_defer(lg_ticker_free, ticker);
    while (lg_select(lg_case_context(ctx), lg_case_recv(lg_ticker_channel(ticker), NULL, NULL)) !=
           0)
        bump(runner);
}

static lg_error *serve(void)
{
    lg_func (lg_error *, err) {
        FILE *out = tmpfile();
        if (!out)
            lg_return(lg_error_new_errno("create a log file"));
        lg_defer(lg_fclose, out, &err); // a failure to write is told too

        struct runner runner = {.out = out};
        lg_auto_context lg_context *ctx = lg_context_with_timeout(lg_context_background(),
                                                                  210 * LG_MILLISECOND);
        lg_waitgroup group = LG_WAITGROUP_INIT;
        lg_waitgroup_go(&group, run, &runner, ctx);
        lg_waitgroup_wait(&group);
        printf("bumps: %d\n", runner.counter);
    }
}

int main(void)
{
    lg_error *err = serve();
    if (err) {
        printf("close error: ");
        lg_error_print(err, stdout);
        lg_error_free(err);
        return 1;
    }
    return 0;
}
