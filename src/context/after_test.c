/* Functions that are called when a context is done: C5. */
#include "testing/after.h"

/* ---- once, asynchronously ---- */

static void call_after_cancel(void)
{
    reset();
    lg_auto_context lg_context *ctx = lg_context_with_cancel(lg_context_background());
    lg_context_func func = lg_context_on_done(ctx, call);
    lg_sleep(2 * LG_MILLISECOND);
    ck_assert_int_eq(atomic_load(&calls), 0);
    lg_context_cancel(ctx);
    lg_context_cancel(ctx);
    eventually(atomic_load(&calls) == 1);
    ck_assert(!lg_context_func_stop(&func));
    ck_assert(!lg_context_func_stop_and_wait(&func));
    lg_sleep(2 * LG_MILLISECOND);
    ck_assert_int_eq(atomic_load(&calls), 1);
}

START_TEST(C5_called_once_after_cancel)
{
    on_both(call_after_cancel);
}
END_TEST

static void call_after_timeout(void)
{
    reset();
    lg_time start = lg_now();
    lg_auto_context lg_context *ctx = lg_context_with_timeout(lg_context_background(),
                                                              2 * LG_MILLISECOND);
    lg_context_func func = lg_context_on_done(ctx, call);
    ck_assert(atomic_load(&calls) == 0 || lg_since(start) >= 2 * LG_MILLISECOND);
    eventually(atomic_load(&calls) == 1);
    ck_assert_ptr_eq(lg_context_error(ctx), &lg_error_deadline_exceeded);
    ck_assert(!lg_context_func_stop_and_wait(&func));
}

START_TEST(C5_called_after_a_timeout)
{
    on_both(call_after_timeout);
}
END_TEST

static void call_immediately(void)
{
    reset();
    lg_auto_context lg_context *ctx = lg_context_with_cancel(lg_context_background());
    lg_context_cancel(ctx);
    lg_context_func func = lg_context_on_done(ctx, call);
    eventually(atomic_load(&calls) == 1);
    ck_assert(!lg_context_func_stop(&func));
}

START_TEST(C5_called_at_once_if_it_is_done_already)
{
    on_both(call_immediately);
}
END_TEST

static void cancel_with_held_function(void)
{
    reset();
    atomic_store(&hold, true);
    lg_auto_context lg_context *ctx = lg_context_with_cancel(lg_context_background());
    lg_context_func func = lg_context_on_done(ctx, stay);
    lg_context_cancel(ctx); /* does not wait */
    ck_assert_int_eq(atomic_load(&releases), 0);
    eventually(atomic_load(&calls) == 1);
    ck_assert(!lg_context_func_stop(&func)); /* neither does this */
    ck_assert_int_eq(atomic_load(&releases), 0);
    atomic_store(&hold, false);
    ck_assert(!lg_context_func_stop_and_wait(&func));
    ck_assert_int_eq(atomic_load(&releases), 1);
    ck_assert(!lg_context_func_stop_and_wait(&func));
}

START_TEST(C5_in_a_goroutine_of_its_own)
{
    on_both(cancel_with_held_function);
}
END_TEST

static void note_goroutine(uint64_t *id, const char **name)
{
    *id = lg_goroutine_id();
    *name = lg_goroutine_name();
    call();
}

START_TEST(C5_of_that_name_and_with_its_arguments)
{
    uint64_t id = 0;
    const char *name = NULL;
    lg_auto_context lg_context *ctx = lg_context_with_cancel(lg_context_background());
    lg_context_func func = lg_context_on_done(ctx, note_goroutine, &id, &name);
    lg_context_cancel(ctx);
    lg_context_func_stop_and_wait(&func);
    ck_assert_uint_gt(id, 0);
    ck_assert_str_eq(name, "note_goroutine");
}
END_TEST

/* ---- stop ---- */

static void stop_it(void)
{
    reset();
    lg_auto_context lg_context *ctx = lg_context_with_cancel(lg_context_background());
    lg_context_func func = lg_context_on_done(ctx, call);
    lg_context_func other = lg_context_on_done(ctx, call);
    lg_context_func copy = func;
    ck_assert_uint_eq(children_of(ctx), 2);
    ck_assert(lg_context_func_stop(&func));
    ck_assert(!lg_context_func_stop(&func));
    ck_assert(!lg_context_func_stop(&copy));
    ck_assert(!lg_context_func_stop_and_wait(&copy));
    ck_assert_uint_eq(children_of(ctx), 1);
    ck_assert(lg_context_func_stop_and_wait(&other));
    ck_assert_uint_eq(children_of(ctx), 0);
    lg_context_cancel(ctx);
    lg_sleep(2 * LG_MILLISECOND);
    ck_assert_int_eq(atomic_load(&calls), 0);
    ck_assert(!lg_context_func_stop(NULL));
    lg_context_func none = {0};
    ck_assert(!lg_context_func_stop(&none));
    ck_assert(!lg_context_func_stop_and_wait(&none));
}

START_TEST(C5_not_called_after_stop)
{
    on_both(stop_it);
}
END_TEST

START_TEST(C5_of_the_background_it_is_never_called)
{
    lg_context_func func = lg_context_on_done(lg_context_background(), call);
    lg_sleep(2 * LG_MILLISECOND);
    ck_assert_int_eq(atomic_load(&calls), 0);
    ck_assert(lg_context_func_stop(&func));
    ck_assert_uint_eq(children_of(lg_context_background()), 0);
}
END_TEST

START_TEST(C5_a_name_that_is_used_up_stops_nobody_else)
{
    lg_auto_context lg_context *ctx = lg_context_with_cancel(lg_context_background());
    lg_context_func old[200];
    for (int i = 0; i < 200; i++) {
        old[i] = lg_context_on_done(ctx, call);
        ck_assert(lg_context_func_stop(&old[i]));
    }
    lg_context_func func = lg_context_on_done(ctx, call);
    for (int i = 0; i < 200; i++) {
        ck_assert(!lg_context_func_stop(&old[i]));
        ck_assert(!lg_context_func_stop_and_wait(&old[i]));
    }
    ck_assert(lg_context_func_stop(&func));
}
END_TEST

static void stop_deferred(lg_context *ctx)
{
    lg_context_func func = lg_context_on_done(ctx, call);
    lg_defer(lg_context_func_stop, &func);
    lg_context_func other = lg_context_on_done(ctx, call);
    lg_defer(lg_context_func_stop_and_wait, &other);
}

START_TEST(C5_stopping_can_be_deferred)
{
    lg_auto_context lg_context *ctx = lg_context_with_cancel(lg_context_background());
    stop_deferred(ctx);
    ck_assert_uint_eq(children_of(ctx), 0);
}
END_TEST

/* ---- stop and wait ---- */

static void wait_with_a_limit(void)
{
    reset();
    atomic_store(&hold, true);
    lg_auto_context lg_context *ctx = lg_context_with_cancel(lg_context_background());
    lg_context_func func = lg_context_on_done(ctx, stay);
    lg_context_cancel(ctx);
    bool prevented = true;
    ck_assert_ptr_eq(
        lg_context_func_stop_and_wait_until(&func, lg_until_timeout(LG_MILLISECOND), &prevented),
        &lg_error_deadline_exceeded);
    ck_assert(!prevented);
    ck_assert_ptr_eq(lg_context_func_stop_and_wait_until(&func, lg_until_context(ctx), NULL),
                     &lg_error_cancelled);
    atomic_store(&hold, false);
    ck_assert_ptr_null(
        lg_context_func_stop_and_wait_until(&func, lg_until_timeout(LG_HOUR), &prevented));
    ck_assert_int_eq(atomic_load(&releases), 1);
    lg_auto_context lg_context *other = lg_context_with_cancel(lg_context_background());
    func = lg_context_on_done(other, stay);
    ck_assert_ptr_null(lg_context_func_stop_and_wait_until(&func, lg_until_timeout(0), &prevented));
    ck_assert(prevented);
}

START_TEST(C5_C9_waiting_with_a_limit)
{
    on_both(wait_with_a_limit);
}
END_TEST

static lg_context_func own_func;

static void stop_itself(void *unused)
{
    (void)unused;
    lg_context_func_stop_and_wait(&own_func);
}

static void try_to_stop_itself(void)
{
    while (!atomic_load(&hold)) /* own_func is not set yet */
        lg_yield();
    ck_assert(!lg_context_func_stop(&own_func));
    expect_panic(stop_itself, NULL, "it would wait for itself");
    call();
}

START_TEST(C5_waiting_for_oneself_panics)
{
    lg_auto_context lg_context *ctx = lg_context_with_cancel(lg_context_background());
    lg_context_cancel(ctx);
    own_func = lg_context_on_done(ctx, try_to_stop_itself);
    atomic_store(&hold, true);
    eventually(atomic_load(&calls) == 1);
    ck_assert(!lg_context_func_stop_and_wait(&own_func));
}
END_TEST

static void leave_by_goexit(void)
{
    lg_defer(call);
    lg_sleep(2 * LG_MILLISECOND);
    lg_goexit();
}

START_TEST(C5_one_that_ends_by_goexit_has_ended)
{
    lg_auto_context lg_context *ctx = lg_context_with_cancel(lg_context_background());
    lg_context_func func = lg_context_on_done(ctx, leave_by_goexit);
    lg_context_cancel(ctx);
    lg_context_func_stop_and_wait(&func);
    ck_assert_int_eq(atomic_load(&calls), 1);
}
END_TEST

static void many_wait_for_one(lg_context_func *func)
{
    lg_context_func_stop_and_wait(func);
    ck_assert_int_eq(atomic_load(&releases), 1);
    call();
}

START_TEST(C5_any_number_may_wait)
{
    enum { WAITERS = 50 };
    atomic_store(&hold, true);
    lg_auto_context lg_context *ctx = lg_context_with_cancel(lg_context_background());
    lg_context_func func = lg_context_on_done(ctx, stay);
    lg_context_cancel(ctx);
    eventually(atomic_load(&calls) == 1);
    for (int i = 0; i < WAITERS; i++) {
        if (i % 10)
            lg_go(many_wait_for_one, &func);
        else
            lg_go_thread(many_wait_for_one, &func);
    }
    lg_sleep(2 * LG_MILLISECOND);
    atomic_store(&hold, false);
    eventually(atomic_load(&calls) == WAITERS + 1);
}
END_TEST

/* ---- the end of the process ---- */

static void is_called(void)
{
    tell("called");
}

static void computes(_Atomic bool *entered)
{
    atomic_store(entered, true);
    for (;;)
        ;
}

static void exits_before_it_is_called(void *unused)
{
    static _Atomic bool entered;
    (void)unused;
    lg_error_free(lg_set_workers(1));
    lg_set_exit_timeout(10 * LG_MILLISECOND);
    lg_go(computes, &entered); /* on the only worker */
    while (!atomic_load(&entered))
        sched_yield();
    lg_context *ctx = lg_context_with_cancel(lg_context_background());
    lg_context_on_done(ctx, is_called);
    lg_context_cancel(ctx);
    lg_exit(3);
}

START_TEST(G4_one_that_was_not_called_before_the_exit_is_dropped)
{
    struct outcome *outcome = in_child(exits_before_it_is_called, NULL);
    expect_status(outcome, 3);
    expect_out(outcome, "");
}
END_TEST

RUN_TESTS("after", C5_called_once_after_cancel, C5_called_after_a_timeout,
          C5_called_at_once_if_it_is_done_already, C5_in_a_goroutine_of_its_own,
          C5_of_that_name_and_with_its_arguments, C5_not_called_after_stop,
          C5_of_the_background_it_is_never_called, C5_a_name_that_is_used_up_stops_nobody_else,
          C5_stopping_can_be_deferred, C5_C9_waiting_with_a_limit, C5_waiting_for_oneself_panics,
          C5_one_that_ends_by_goexit_has_ended, C5_any_number_may_wait,
          G4_one_that_was_not_called_before_the_exit_is_dropped)
