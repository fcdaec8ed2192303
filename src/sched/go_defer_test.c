/* Tests of the deferred calls of goroutines. Rules are those of docs/rules.md. */
#include "testing/sched.h"
#include <fenv.h>
#include <lifoguard/waitgroup.h>

/* ---- the forms ---- */

static atomic_int ended;

/* ---- G1, G2: defers of its own ---- */

static atomic_int may_end;

static void defers_and_waits(void)
{
    lg_defer(add_one, &ended);
    lg_defer(note, "child's");
    while (may_end == 0)
        lg_sleep(50 * LG_MICROSECOND);
}

static void starts_and_ends(void)
{
    lg_defer(add_one, &ended);
    lg_defer(note, "parent's");
    lg_go(defers_and_waits);
}

START_TEST(g2_defers_run_at_its_own_end)
{
    lg_go(starts_and_ends);
    wait_for_value(&ended, 1);
    expect_trace("parent's");
    may_end = 1;
    wait_for_value(&ended, 2);
    expect_trace("child's");
}
END_TEST

/* Goroutines in turn on one worker, each with defers, a scope, panics that it recovers while others run. */
static void recovers(unsigned number, atomic_int *deferred)
{
    lg_func_recovers_void {
        lg_defer(add_one, &ended);
        lg_defer_recover(stop);
        lg_scope(scope);
        for (unsigned i = 0; i < 20; i++)
            lg_defer_in(&scope, add_one, deferred);
        lg_yield();
        ck_assert_uint_eq(lg_scope_count(&scope), 20);
        lg_defer(lg_yield);
        lg_defer(add_one, deferred);
        lg_yield();
        if (number % 3 == 0)
            lg_panic("p");
        if (number % 3 == 1)
            lg_goexit();
        lg_return_void();
    }
}

START_TEST(g1_each_has_its_own_defers_and_panics)
{
    atomic_int deferred = 0;
    for (unsigned workers = 1; workers <= 8; workers = workers == 1 ? 2 : workers * 4) {
        ck_assert_ptr_null(lg_set_workers(workers));
        ended = deferred = 0;
        for (unsigned i = 0; i < 900; i++)
            lg_go(recovers, i, &deferred);
        wait_for_value(&ended, 900);
        ck_assert_int_eq(deferred, 900L * 21);
        trace_text[0] = '\0';
    }
}
END_TEST

static void panics(void)
{
    lg_defer(tell, "own");
    lg_panic("nobody stops it");
}

static void panic_uncaught(void *thread)
{
    lg_defer(tell, "main's");
    if (thread)
        lg_go_thread(panics);
    else
        lg_go_with(((lg_go_options){.name = "culprit"}), panics);
    lg_sleep(LG_MINUTE);
}

START_TEST(p8_an_uncaught_panic_ends_the_process)
{
    struct outcome *outcome = in_child(panic_uncaught, NULL);
    expect_status(outcome, 2);
    expect_out(outcome, "own ");
    expect_in_err(outcome, "panic: nobody stops it");
    expect_in_err(outcome, "in goroutine 1, culprit, started at ");
    expect_in_err(outcome, "go_defer_test.c:");
    expect_in_err(outcome, " in panic_uncaught");
    expect_in_err(outcome, "panics");
    outcome = in_child(panic_uncaught, &outcome);
    expect_status(outcome, 2);
    expect_out(outcome, "own ");
    expect_in_err(outcome, ", panics, started at ");
}
END_TEST

static void exits_thread(void)
{
    pthread_exit(NULL);
}

static void pthread_exit_in_goroutine(void *unused)
{
    (void)unused;
    lg_go(exits_thread);
    lg_sleep(LG_MINUTE);
}

START_TEST(pthread_exit_in_a_goroutine_is_refused)
{
#ifndef HAS_TSAN /* it ends the process there already */
    struct outcome *outcome = in_child(pthread_exit_in_goroutine, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, "pthread_exit in a goroutine");
    expect_in_err(outcome, "lg_goexit");
#else
    (void)pthread_exit_in_goroutine;
#endif
}
END_TEST

RUN_TESTS("go_defer", g2_defers_run_at_its_own_end, g1_each_has_its_own_defers_and_panics,
          p8_an_uncaught_panic_ends_the_process, pthread_exit_in_a_goroutine_is_refused)
