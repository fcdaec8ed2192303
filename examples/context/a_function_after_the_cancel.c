/* A function that is called, in a goroutine of its own, when the context is cancelled (C5). If main is left before, it is
 * taken back. */
#include <stdio.h>

#include <lifoguard/lifoguard.h>

int main(void)
{
    lg_auto_context lg_context *ctx = lg_context_with_cancel(lg_context_background());

    lg_context_func func = lg_context_on_done(ctx, puts, "cleanup after cancel");
    // Go's stop would not wait for the call to end, and main would have to sleep.
    lg_defer(lg_context_func_stop_and_wait, &func);

    lg_context_cancel(ctx);
    return 0;
}
