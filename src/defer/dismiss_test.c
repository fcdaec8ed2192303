/* Tests of deferred calls that are dismissed, or run early (D11). Rules are those of docs/rules.md. */
#include "testing/test.h"

/* ---- D11 ---- */

START_TEST(D11_a_dismissed_call_does_not_run)
{
    {
        lg_defer_as(a, note, "a");
        lg_defer_as(b, note, "b");
        lg_defer_as(c, note, "c");
        lg_deferred_dismiss(b);
        lg_deferred_dismiss(b);
        lg_deferred_dismiss(NULL);
    }
    expect_trace("c a");
}
END_TEST

START_TEST(D11_run_now_runs_once)
{
    {
        lg_defer_as(a, note, "a");
        lg_defer_as(b, note, "b");
        lg_deferred_run(a);
        note("|");
        lg_deferred_run(a);
        lg_deferred_dismiss(a);
        lg_deferred_run(NULL);
        lg_deferred_dismiss(b);
        lg_deferred_run(b);
    }
    expect_trace("a |");
}
END_TEST

static void dismissed_then_panics(bool dismiss, bool run)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_defer(note, "z");
        lg_defer_as(a, note, "a");
        if (dismiss)
            lg_deferred_dismiss(a);
        if (run)
            lg_deferred_run(a);
        lg_panic("end");
    }
}

START_TEST(D11_dismissing_and_running_hold_under_panic)
{
    dismissed_then_panics(false, false);
    expect_trace("a z stopped: end");
    dismissed_then_panics(true, false);
    expect_trace("z stopped: end");
    dismissed_then_panics(false, true);
    expect_trace("a z stopped: end");
    dismissed_then_panics(true, true);
    expect_trace("z stopped: end");
}
END_TEST

static void run_now_panics(void)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_defer(note, "first");
        lg_defer_as(bad, panic_with, "bad");
        lg_defer(note, "second");
        lg_deferred_run(bad);
        note("not reached");
    }
}

START_TEST(D11_a_panic_of_a_call_run_now_goes_on_from_there)
{
    run_now_panics();
    expect_trace("second first stopped: bad");
}
END_TEST

static void dismiss_it(lg_deferred *deferred)
{
    lg_deferred_dismiss(deferred);
    note("dismissed");
}

static void a_deferred_call_dismisses(bool panics)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_defer_as(a, note, "a");
        lg_defer(dismiss_it, a);
        if (panics)
            lg_panic("end");
    }
}

START_TEST(D11_a_deferred_call_may_dismiss_another)
{
    a_deferred_call_dismisses(false);
    expect_trace("dismissed");
    a_deferred_call_dismisses(true);
    expect_trace("dismissed stopped: end");
}
END_TEST

static void run_it(lg_deferred *deferred)
{
    lg_deferred_run(deferred);
    note("ran");
}

static void a_deferred_call_runs(bool panics)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_defer_as(a, note, "a");
        lg_defer(note, "b");
        lg_defer(run_it, a);
        if (panics)
            lg_panic("end");
    }
}

START_TEST(D11_a_deferred_call_may_run_another_early)
{
    a_deferred_call_runs(false);
    expect_trace("a ran b");
    a_deferred_call_runs(true);
    expect_trace("a ran b stopped: end");
}
END_TEST

RUN_TESTS("dismiss", D11_a_dismissed_call_does_not_run, D11_run_now_runs_once,
          D11_dismissing_and_running_hold_under_panic,
          D11_a_panic_of_a_call_run_now_goes_on_from_there, D11_a_deferred_call_may_dismiss_another,
          D11_a_deferred_call_may_run_another_early)
