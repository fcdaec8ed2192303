/* What is to happen whenever a context is done, however that comes about, cannot be deferred: that would be when the
 * function is left. It is told the cause (C8). */
#include <stdio.h>

#include <lifoguard/lifoguard.h>

static void tell(const lg_context *ctx)
{
    printf("after-func: context cancelled, cause = ");
    lg_error_print(lg_context_cause(ctx), stdout);
}

int main(void)
{
    lg_auto_context lg_context *ctx =
        lg_context_with_timeout(lg_context_background(), 100 * LG_MILLISECOND, .name = "context");
    lg_context_func func = lg_context_on_done(ctx, tell, ctx);
    lg_defer(lg_context_func_stop_and_wait, &func);
    puts("doing work");
    lg_sleep(200 * LG_MILLISECOND);
    return 0;
}
