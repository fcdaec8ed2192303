/* Out of memory: what makes a context panics and has kept nothing; cancelling and firing need none. */
#include "testing/context.h"

#include "testing/failing_malloc.h"

#include <lifoguard/waitgroup.h>

static void let_go(void *value)
{
    (void)value;
    errors_freed++;
}
static const lg_context_key owned_key = {"owned", let_go};

static _Atomic int calls;
static void call(void)
{
    atomic_fetch_add(&calls, 1);
}

/* ---- making one ---- */

enum maker {
    CANCEL,
    WITHOUT,
    TIMEOUT,
    NAMED,
    CAUSED,
    CAUSED_IN_VAIN,
    VALUE,
    CLEANUP,
    MERGE,
    MAKERS
};

struct making {
    enum maker maker;
    const lg_context *parent;
    lg_error *cause; /* is taken */
    lg_context *made;
};

static void make(void *data)
{
    struct making *making = data;
    const lg_context *parent = making->parent;
    switch (making->maker) {
    case CANCEL: making->made = lg_context_with_cancel(parent); break;
    case WITHOUT: making->made = lg_context_without_cancel(parent); break;
    case TIMEOUT: making->made = lg_context_with_timeout(parent, LG_HOUR); break;
    case NAMED: making->made = lg_context_with_timeout(parent, LG_HOUR, .name = "name"); break;
    case CAUSED:
        making->made = lg_context_with_timeout(parent, LG_HOUR, .cause = making->cause);
        break;
    case CAUSED_IN_VAIN: /* the parent's deadline comes first */
        making->made = lg_context_with_timeout(parent, 3 * LG_HOUR, .cause = making->cause);
        break;
    case VALUE: making->made = lg_context_with_value(parent, &owned_key, &errors_freed); break;
    case CLEANUP: making->made = lg_context_for_cleanup(parent, LG_HOUR); break;
    case MERGE: making->made = lg_context_merge(parent, parent); break;
    case MAKERS: break;
    }
    lg_panic("made it");
}

START_TEST(out_of_memory_panics_and_keeps_nothing)
{
    if (!can_fail_allocations())
        return;
    for (enum maker maker = CANCEL; maker < MAKERS; maker++) {
        bool takes = maker == CAUSED || maker == CAUSED_IN_VAIN || maker == VALUE;
        for (long failing = 1;; failing++) {
            lg_context *parent = lg_context_with_timeout(lg_context_background(), 2 * LG_HOUR);
            struct making making = {maker, parent, NULL, NULL};
            if (maker == CAUSED || maker == CAUSED_IN_VAIN)
                making.cause = counted_error("cause");
            errors_freed = 0;
            memory_watch(failing, true);
            const char *message = panic_of(make, &making);
            memory_ignore();
            if (making.made) {
                ck_assert_str_eq(message, "made it");
                ck_assert_int_eq(memory.failed, 0);
                lg_context_free(making.made);
                lg_context_free(parent);
                ck_assert_int_eq(errors_freed, takes);
                ck_assert_int_gt(failing, 1);
                break;
            }
            ck_assert_msg(strstr(message, "out of memory for a context"), "%s", message);
            /* (what was freed on the way is kept aside, or not, but all of it was taken back) */
            ck_assert_int_eq(errors_freed, takes);
            ck_assert_uint_eq(children_of(parent), 0);
            ck_assert_uint_eq(parent->done.holders, 1);
            lg_context_free(parent);
        }
    }
}
END_TEST

static void register_function(void *ctx)
{
    lg_context_on_done((lg_context *)ctx, call);
    lg_panic("made it");
}

START_TEST(C5_out_of_memory_for_a_function)
{
    if (!can_fail_allocations())
        return;
    lg_auto_context lg_context *ctx = lg_context_with_cancel(lg_context_background());
    lg_go(call); /* there are workers */
    eventually(atomic_load(&calls) == 1);
    long failing = 1;
    for (;; failing++) {
        memory_watch(failing, true);
        const char *message = panic_of(register_function, ctx);
        memory_ignore();
        if (strcmp(message, "made it") == 0)
            break;
        ck_assert_msg(strstr(message, "out of memory or threads"), "%s", message);
        ck_assert_uint_eq(children_of(ctx), 0);
        ck_assert_uint_eq(ctx->done.holders, 1);
    }
    ck_assert_int_gt(failing, 1);
    lg_context_cancel(ctx);
    eventually(atomic_load(&calls) == 2);
}
END_TEST

START_TEST(each_is_one_allocation)
{
    if (!can_fail_allocations())
        return;
    lg_context *parent = lg_context_with_timeout(lg_context_background(), 2 * LG_HOUR);
    for (enum maker maker = CANCEL; maker < MAKERS; maker++) {
        struct making making = {maker, parent, NULL, NULL};
        memory_watch(0, false);
        panic_of(make, &making);
        lg_context *child = lg_context_with_cancel(making.made);
        memory_ignore();
        /* What has a name has an error that tells it. */
        ck_assert_int_eq(memory.made, maker == NAMED || maker == CLEANUP ? 3 : 2);
        lg_context_free(making.made);
        lg_context_free(child);
    }
    lg_context_func func = lg_context_on_done(parent, call);
    ck_assert(lg_context_func_stop(&func));
    memory_watch(0, false);
    func = lg_context_on_done(parent, call); /* its goroutine's */
    memory_ignore();
    ck_assert_int_eq(memory.made, 1);
    ck_assert(lg_context_func_stop(&func));
    lg_context_free(parent);
}
END_TEST

/* ---- being done ---- */

START_TEST(cancelling_needs_no_memory)
{
    if (!can_fail_allocations())
        return;
    lg_context *root = lg_context_with_cancel(lg_context_background());
    lg_context *a = lg_context_with_timeout(root, LG_HOUR, .name = "x");
    lg_context *b = lg_context_merge(a, root);
    lg_context *c = lg_context_with_value(b, &owned_key, NULL);
    lg_context_on_done(c, call);
    lg_context_on_done(root, call);
    lg_error *why = counted_error("why");
    memory_watch(1, true);
    lg_context_cancel_cause(root, why);
    require(lg_context_error(c) == &lg_error_cancelled);
    require(lg_context_cause(c) == why);
    lg_context_free(root);
    lg_context_free(a);
    lg_context_free(b);
    lg_context_free(c);
    memory_ignore();
    ck_assert_int_eq(memory.made, 0);
    eventually(atomic_load(&calls) == 2);
    eventually(errors_freed == 1);
}
END_TEST

START_TEST(waiting_needs_no_memory)
{
    if (!can_fail_allocations())
        return;
    lg_auto_context lg_context *ctx = lg_context_with_timeout(lg_context_background(),
                                                              LG_MILLISECOND, .name = "x");
    memory_watch(1, true);
    lg_context_wait(ctx);
    require(lg_sleep_until(LG_HOUR, lg_until_context(ctx)) == &lg_error_deadline_exceeded);
    memory_ignore();
    ck_assert_int_eq(memory.made, 0);
}
END_TEST

START_TEST(E7_a_copy_of_the_cause)
{
    if (!can_fail_allocations())
        return;
    lg_auto_context lg_context *ctx = lg_context_with_cancel(lg_context_background());
    lg_context_cancel_cause(ctx, counted_error("why"));
    for (long failing = 1;; failing++) {
        memory_watch(failing, true);
        lg_error *copy = lg_context_cause_copy(ctx);
        memory_ignore();
        bool copied = memory.failed == 0;
        ck_assert_ptr_nonnull(copy);
        if (copied)
            ck_assert_str_eq(lg_error_message(copy), "why");
        else
            ck_assert_ptr_eq(copy, &lg_error_out_of_memory);
        lg_error_free(copy);
        ck_assert_uint_eq(ctx->done.holders, 1);
        if (copied)
            break;
    }
    /* A static cause needs none. */
    lg_auto_context lg_context *plain = lg_context_with_cancel(lg_context_background());
    lg_context_cancel(plain);
    memory_watch(1, true);
    require(lg_context_cause_copy(plain) == &lg_error_cancelled);
    memory_ignore();
}
END_TEST

static void signals(void *ctx)
{
    lg_error *err = lg_context_with_signals(lg_context_background(), (lg_context **)ctx, SIGUSR1);
    lg_panic(err ? "an error" : "made it");
}

START_TEST(out_of_memory_for_a_signal_context)
{
    if (!can_fail_allocations())
        return;
    lg_context *ctx = (lg_context *)(uintptr_t)"not NULL";
    memory_watch(1, true);
    const char *message = panic_of(signals, &ctx);
    memory_ignore();
    ck_assert_msg(strstr(message, "out of memory for a context"), "%s", message);
    ck_assert_ptr_null(ctx);
    struct sigaction now;
    sigaction(SIGUSR1, NULL, &now);
    ck_assert(now.sa_handler == SIG_DFL);
}
END_TEST

/* ---- in the long run ---- */

static void cancel_with_a_function(lg_waitgroup *called)
{
    lg_waitgroup_add(called, 1);
    lg_context *ctx = lg_context_with_cancel(lg_context_background());
    lg_context_on_done(ctx, lg_waitgroup_done, called);
    lg_context_free(ctx);
    lg_waitgroup_wait(called);
}

/* This thread makes them, and they end on workers. A few more are allocated than one: the last one's place may still be
 * on its way back. */
START_TEST(C5_functions_that_end_on_other_threads_leave_nothing)
{
    enum { TIMES = 4096, SPARE = 4 };
    lg_waitgroup called = {0};
    if (!can_fail_allocations())
        return;
    for (int i = 0; i < 100; i++)
        cancel_with_a_function(&called);
    memory_watch(0, false);
    for (int i = 0; i < TIMES; i++)
        cancel_with_a_function(&called);
    long made = memory.made;
    memory_ignore();
    ck_assert_int_le(made, 2 * TIMES + SPARE); /* a context and a goroutine each */
}
END_TEST

RUN_TESTS("memory", C5_functions_that_end_on_other_threads_leave_nothing, each_is_one_allocation,
          out_of_memory_panics_and_keeps_nothing, C5_out_of_memory_for_a_function,
          cancelling_needs_no_memory, waiting_needs_no_memory, E7_a_copy_of_the_cause,
          out_of_memory_for_a_signal_context)
