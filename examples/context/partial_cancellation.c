/* Part of the work is cancelled: what belongs to that part is released, and nothing else. Two customers are served, each
 * by two workers that hold a file; one customer leaves.
 *
 *     service ─┬─ first customer ─┬─ reads
 *              │                  └─ writes
 *              └─ second customer ─┬─ reads
 *                                  └─ writes
 *
 * The context says who is to stop (C2). It releases nothing itself: what a worker holds is released by the worker's own
 * defers (C6). */
#include <errno.h>
#include <stdio.h>

#include <lifoguard/lifoguard.h>

struct customer {
    const char *name;
    lg_context *ctx;
    lg_waitgroup workers, ready;
    _Atomic int files; // that its workers hold
};

static void close_counted(FILE *file, struct customer *customer)
{
    fclose(file);
    customer->files--;
}

static void worker(struct customer *customer)
{
    FILE *file = tmpfile();
    if (!file)
        lg_panic_with_error(lg_error_new_errno("create a file"));
    customer->files++;
    lg_defer(close_counted, file, customer);
    lg_waitgroup_done(&customer->ready);
    lg_context_wait(customer->ctx); // … it would work, and look now and then …
}

static void start(struct customer *customer, const lg_context *service)
{
    customer->ctx = lg_context_with_cancel(service);
    lg_waitgroup_add(&customer->ready, 2);
    lg_waitgroup_go(&customer->workers, worker, customer);
    lg_waitgroup_go(&customer->workers, worker, customer);
    lg_waitgroup_wait(&customer->ready);
}

/* The context ends when no worker can look at it any more. */
static void leave(struct customer *customer)
{
    if (!customer->ctx)
        return;
    lg_context_cancel(customer->ctx);
    lg_waitgroup_wait(&customer->workers);
    lg_context_free(customer->ctx);
    customer->ctx = NULL;
    printf("%s has left\n", customer->name);
}

static void show(const struct customer *customer)
{
    printf("  %s holds %d files\n", customer->name, customer->files);
}

int main(void)
{
    struct customer first = {.name = "first"}, second = {.name = "second"};
    lg_auto_context lg_context *service = lg_context_with_cancel(lg_context_background());
    lg_defer(leave, &first);
    lg_defer(leave, &second);

    start(&first, service);
    start(&second, service);
    show(&first);
    show(&second);
    leave(&first);
    show(&first);
    show(&second);
    puts(lg_context_error(service) || lg_context_error(second.ctx) ? "the rest stops too"
                                                                   : "the rest goes on");
    leave(&second);
    show(&second);
    return 0;
}
