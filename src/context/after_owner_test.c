/* Tests of functions for the end of a context: their owner, misuse, and races. Rules are those of docs/rules.md. */
#include "testing/after.h"

/* ---- ownership ---- */

static LG_ERROR_DEFINE(why, "why");

static void look_at(const lg_context *ctx)
{
    while (atomic_load(&hold))
        lg_sleep(LG_MILLISECOND / 10);
    ck_assert_ptr_eq(lg_context_cause(ctx), &why);
    lg_auto_context lg_context *child = lg_context_with_cancel(ctx);
    ck_assert_ptr_eq(lg_context_error(child), &lg_error_cancelled);
    call();
}

static void end_before_its_function_ends(void)
{
    reset();
    atomic_store(&hold, true);
    lg_context *ctx = lg_context_with_cancel(lg_context_background());
    lg_context_func func = lg_context_on_done(ctx, look_at, ctx);
    lg_context_cancel_cause(ctx, &why);
    lg_context_free(ctx);
    atomic_store(&hold, false);
    lg_context_func_stop_and_wait(&func);
    ck_assert_int_eq(atomic_load(&calls), 1);
}

START_TEST(C5_a_context_may_be_ended_while_its_function_runs)
{
    on_both(end_before_its_function_ends);
}
END_TEST

static void end_it(lg_context *ctx)
{
    lg_context_free(ctx);
    call();
}

START_TEST(C5_the_function_may_end_the_context)
{
    lg_context *ctx = lg_context_with_cancel(lg_context_background());
    lg_context_func func = lg_context_on_done(ctx, end_it, ctx);
    lg_context_cancel(ctx);
    lg_context_func_stop_and_wait(&func);
    ck_assert_int_eq(atomic_load(&calls), 1);
}
END_TEST

START_TEST(C5_ending_calls_it)
{
    lg_context *ctx = lg_context_with_cancel(lg_context_background());
    lg_context_on_done(ctx, call); /* its name may be ignored */
    lg_context_free(ctx);
    eventually(atomic_load(&calls) == 1);
}
END_TEST

static void cancel_other(lg_context *other)
{
    lg_context_cancel(other);
    call();
}

START_TEST(C5_functions_of_a_tree_are_all_called)
{
    enum { EACH = 100 };
    lg_auto_context lg_context *root = lg_context_with_cancel(lg_context_background());
    lg_auto_context lg_context *other = lg_context_with_cancel(lg_context_background());
    lg_context *children[EACH];
    lg_context_on_done(root, cancel_other, other);
    for (int i = 0; i < EACH; i++) {
        children[i] = lg_context_with_timeout(i % 2 ? root : other, LG_HOUR);
        lg_context_on_done(children[i], call);
    }
    lg_context_cancel(root);
    eventually(atomic_load(&calls) == EACH + 1);
    for (int i = 0; i < EACH; i++)
        lg_context_free(children[i]);
}
END_TEST

/* ---- misuse ---- */

static void null_function(void *ctx)
{
    void (*none)(void) = NULL;
    lg_context_on_done((lg_context *)ctx, none);
}

static void null_context(void *unused)
{
    (void)unused;
    lg_context_on_done(NULL, call);
}

START_TEST(misuse_panics)
{
    lg_auto_context lg_context *ctx = lg_context_with_cancel(lg_context_background());
    expect_panic(null_function, ctx, "lg_context_on_done of a NULL function");
    expect_panic(null_context, NULL, "lg_context_on_done of a NULL context");
}
END_TEST

static void panic_in_function(void *unused)
{
    (void)unused;
    lg_auto_context lg_context *ctx = lg_context_with_cancel(lg_context_background());
    lg_context_func func = lg_context_on_done(ctx, panic_with, "in the function");
    lg_context_cancel(ctx);
    lg_context_func_stop_and_wait(&func);
    lg_sleep(LG_HOUR);
}

START_TEST(P8_a_panic_in_one_ends_the_process)
{
    struct outcome *outcome = in_child(panic_in_function, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, "in the function");
}
END_TEST

static void exit_with_functions(lg_context *ctx)
{
    lg_defer(tell, "left");
    lg_context_func func = lg_context_on_done(ctx, stay);
    lg_defer(lg_context_func_stop_and_wait, &func);
    lg_context_func other = lg_context_on_done(ctx, call);
    lg_defer(lg_context_func_stop_and_wait, &other);
    lg_context_cancel(ctx);
    lg_exit(3);
}

static void exit_from_goroutine(void *workers)
{
    lg_error *err = lg_set_workers(*(unsigned *)workers);
    ck_assert_ptr_null(err);
    lg_go(exit_with_functions, lg_context_with_cancel(lg_context_background()));
    lg_sleep(LG_HOUR);
}

START_TEST(C5_G4_nobody_waits_for_one_that_an_exit_keeps_from_starting)
{
    for (unsigned workers = 1; workers <= 2; workers++) {
        struct outcome *outcome = in_child(exit_from_goroutine, &workers);
        expect_status(outcome, 3);
        expect_out(outcome, "left ");
    }
}
END_TEST

/* ---- racing ---- */

static void cancel_and_end(lg_context *ctx)
{
    lg_context_cancel(ctx);
    lg_context_free(ctx);
}

static void end_from_elsewhere(lg_context *ctx, lg_context *told)
{
    lg_context_free(ctx);
    lg_context_cancel(told);
}

static void race(void)
{
    int prevented = 0;
    enum { ROUNDS = 3000 };
    reset();
    for (int i = 0; i < ROUNDS; i++) {
        lg_context *ctx = lg_context_with_cancel(lg_context_background());
        lg_auto_context lg_context *ended = lg_context_with_cancel(lg_context_background());
        lg_go_owned(cancel_and_end, lg_context_with_cancel(ctx), lg_context_free);
        lg_context_func func = lg_context_on_done(ctx, call);
        if (i % 2)
            lg_go(end_from_elsewhere, ctx, ended);
        else
            lg_context_free(ctx);
        if (i % 3 == 0)
            lg_yield();
        prevented += lg_context_func_stop(&func);
        lg_context_func_stop_and_wait(&func);
        ck_assert_int_eq(atomic_load(&calls), i + 1 - prevented);
        if (i % 2)
            lg_context_wait(ended);
    }
}

START_TEST(C5_C10_either_prevented_or_called)
{
    on_both(race);
}
END_TEST

RUN_TESTS("after_owner", C5_a_context_may_be_ended_while_its_function_runs,
          C5_the_function_may_end_the_context, C5_ending_calls_it,
          C5_functions_of_a_tree_are_all_called, misuse_panics, P8_a_panic_in_one_ends_the_process,
          C5_G4_nobody_waits_for_one_that_an_exit_keeps_from_starting,
          C5_C10_either_prevented_or_called)
