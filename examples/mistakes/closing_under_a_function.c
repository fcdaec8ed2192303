/* The seventh step: a function that is called after the cancel writes to a file, and is still at it when the file is
 * closed. Three orders of what is deferred:
 *
 *   close, stop             the file is closed while the function may begin or go on at any moment
 *   stop, close             the one that looks right; but stop does not wait for a function that has begun
 *   stop and wait, close    right
 *
 * The function is held back until the file is closed, or about to be: so it is no matter of luck. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>

#include <lifoguard/lifoguard.h>

struct work {
    lg_file *file;
    lg_context *begun, *go_on;
    lg_context_func func;
    lg_error *failure;
};

static void write_late(struct work *work)
{
    lg_context_cancel(work->begun);
    lg_context_wait(work->go_on);
    lg_sleep(20 * LG_MILLISECOND); // nor is it quick
    work->failure = lg_file_write(work->file, "late\n", 5);
}

static void close_file(struct work *work)
{
    lg_error_free(lg_file_close_now(work->file));
}

/* The context is cancelled, the function has begun, and then the defers run. */
static void cancel_and_leave(struct work *work, lg_context *ctx)
{
    lg_context_cancel(ctx);
    lg_context_wait(work->begun);
}

static void close_then_stop(struct work *work, lg_context *ctx)
{
    lg_defer(lg_context_cancel, work->go_on);
    work->func = lg_context_on_done(ctx, write_late, work);
    lg_defer(lg_context_func_stop, &work->func);
    lg_defer(close_file, work);
    cancel_and_leave(work, ctx);
}

static void stop_then_close(struct work *work, lg_context *ctx)
{
    lg_defer(lg_context_cancel, work->go_on);
    lg_defer(close_file, work);
    work->func = lg_context_on_done(ctx, write_late, work);
    lg_defer(lg_context_func_stop, &work->func);
    cancel_and_leave(work, ctx);
}

static void wait_then_close(struct work *work, lg_context *ctx)
{
    lg_defer(close_file, work);
    work->func = lg_context_on_done(ctx, write_late, work);
    lg_defer(lg_context_func_stop_and_wait, &work->func);
    lg_defer(lg_context_cancel, work->go_on);
    cancel_and_leave(work, ctx);
}

/* True if all was written. */
static bool show(const char *name, void (*way)(struct work *work, lg_context *ctx))
{
    lg_auto_context lg_context *ctx = lg_context_with_cancel(lg_context_background());
    lg_auto_context lg_context *begun = lg_context_with_cancel(lg_context_background());
    lg_auto_context lg_context *go_on = lg_context_with_cancel(lg_context_background());
    struct work work = {.begun = begun, .go_on = go_on};
    lg_error *err = lg_file_open("/dev/null", O_WRONLY, 0, &work.file);
    if (err)
        lg_panic_with_error(err);
    lg_defer(lg_file_free, work.file);

    way(&work, ctx);
    lg_context_func_stop_and_wait(&work.func); // it still uses all this
    bool written = work.failure == NULL;
    printf("%s: the function's write: ", name);
    lg_error_print(work.failure, stdout);
    lg_error_free(work.failure);
    return written;
}

int main(void)
{
    bool first = show("wrong, close before stop", close_then_stop);
    bool second = show("wrong, stop before close", stop_then_close);
    bool third = show("right, stop and wait before close", wait_then_close);
    return !first && !second && third ? 0 : 1;
}
