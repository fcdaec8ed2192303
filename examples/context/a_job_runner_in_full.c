/* All of it: file, context, function after its end, goroutine. They are acquired in this order, and released in
 * reverse, whatever happens. */
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
    lg_defer(puts, "goroutine exit");
    lg_ticker *ticker = lg_ticker_new(20 * LG_MILLISECOND);
    lg_defer(lg_ticker_free, ticker);
    while (lg_select(lg_case_context(ctx), lg_case_recv(lg_ticker_channel(ticker), NULL, NULL)) !=
           0)
        bump(runner);
}

static void tell_of_the_end(lg_waitgroup *group)
{
    puts("after-func: cancelled");
    lg_waitgroup_done(group);
}

static lg_error *serve(void)
{
    lg_func (lg_error *, err) {
        FILE *out = tmpfile();
        if (!out)
            lg_return(lg_error_new_errno("create a log file"));
        lg_defer(lg_fclose, out, &err);
        lg_defer(puts, "closing log file");

        lg_context *ctx = lg_context_with_timeout(lg_context_background(), 210 * LG_MILLISECOND);
        lg_defer(lg_context_free, ctx);
        lg_defer(puts, "cancel context");

        lg_waitgroup group = LG_WAITGROUP_INIT;
        lg_waitgroup_add(&group, 1); /* otherwise the function might be stopped before it begins */
        lg_context_func func = lg_context_on_done(ctx, tell_of_the_end, &group);
        lg_defer(lg_context_func_stop_and_wait, &func);
        lg_defer(puts, "deregister after-func");

        struct runner runner = {.out = out};
        lg_waitgroup_go(&group, run, &runner, ctx);
        puts("main: waiting");
        lg_waitgroup_wait(&group);
        puts("main: done waiting");
    }
}

int main(void)
{
    lg_error *err = serve();
    if (err) {
        lg_error_print(err, stderr);
        lg_error_free(err);
        return 1;
    }
    return 0;
}
