/* Tests of the calls of scopes: what they may do, and how they are dismissed and run. Rules are those of docs/rules.md. */
#include "testing/memory.h"
#include "testing/test.h"

/* ---- D8 ---- */

static void adds(lg_scope *scope, int number)
{
    note_pair("adds", number);
    if (number > 0) {
        lg_defer_in(scope, note_pair, "added", number);
        lg_defer_in(scope, adds, scope, number - 1);
    }
}

static void grows_as_it_runs(bool panics)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_scope(s);
        lg_defer_in(&s, note, "first");
        lg_defer_in(&s, adds, &s, 2);
        if (panics)
            lg_panic("end");
    }
}

START_TEST(D8_a_deferred_call_may_add_to_the_scope_that_runs_it)
{
    grows_as_it_runs(false);
    expect_trace("adds2 adds1 adds0 added1 added2 first");
    grows_as_it_runs(true);
    expect_trace("adds2 adds1 adds0 added1 added2 first stopped: end");
}
END_TEST

static void panicking_members(int which)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_defer(note, "outer");
        lg_scope(s);
        for (int i = 0; i < 12; i++) {
            if (i == which)
                lg_defer_in(&s, panic_with, "member");
            else
                lg_defer_in(&s, note_number, i);
        }
    }
}

START_TEST(D8_a_call_that_panics_leaves_the_others_to_run)
{
    panicking_members(11);
    expect_trace("10 9 8 7 6 5 4 3 2 1 0 outer stopped: member");
    panicking_members(9);
    expect_trace("11 10 8 7 6 5 4 3 2 1 0 outer stopped: member");
    panicking_members(0);
    expect_trace("11 10 9 8 7 6 5 4 3 2 1 outer stopped: member");
}
END_TEST

static void all_panic(bool first)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_scope(s);
        lg_defer_in(&s, note, "last");
        lg_defer_in(&s, panic_with, "three");
        lg_defer_in(&s, note, "middle");
        lg_defer_in(&s, panic_with, "two");
        lg_defer_in(&s, panic_with, "one");
        if (first)
            lg_panic("zero");
    }
}

START_TEST(D8_P4_the_last_panic_of_a_scope_wins)
{
    all_panic(false);
    expect_trace("middle last stopped: three");
    all_panic(true);
    expect_trace("middle last stopped: three");
}
END_TEST

/* ---- D11 ---- */

START_TEST(D11_calls_of_a_scope_are_dismissed_and_run_now)
{
    {
        lg_scope(s);
        lg_deferred *handles[40];
        for (int i = 0; i < 40; i++)
            handles[i] = lg_defer_in(&s, note_number, i);
        for (int i = 0; i < 40; i++)
            if (i % 10 != 0)
                lg_deferred_dismiss(handles[i]);
        ck_assert_uint_eq(lg_scope_count(&s), 4);
        lg_deferred_run(handles[10]);
        lg_deferred_run(handles[10]);
        lg_deferred_run(handles[11]);
        note("|");
        ck_assert_uint_eq(lg_scope_count(&s), 3);
    }
    expect_trace("10 | 30 20 0");
}
END_TEST

START_TEST(D11_a_scope_is_run_now_and_used_again)
{
    {
        lg_scope(s);
        for (int i = 0; i < 20; i++)
            lg_defer_in(&s, note_number, i);
        lg_scope_run(&s);
        ck_assert_uint_eq(lg_scope_count(&s), 0);
        note("|");
        lg_defer_in(&s, note, "again");
    }
    expect_trace("19 18 17 16 15 14 13 12 11 10 9 8 7 6 5 4 3 2 1 0 | again");
}
END_TEST

START_TEST(D11_a_scope_is_dismissed)
{
    {
        lg_scope(s);
        for (int i = 0; i < 100; i++)
            lg_defer_in(&s, note_number, i);
        lg_scope_dismiss(&s);
        ck_assert_uint_eq(lg_scope_count(&s), 0);
        lg_defer_in(&s, note, "kept");
    }
    expect_trace("kept");
}
END_TEST

static void run_early_panics(void)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_scope(s);
        lg_defer_in(&s, note, "first");
        lg_defer_in(&s, panic_with, "bad");
        lg_defer_in(&s, note, "last");
        lg_scope_run(&s);
        note("not reached");
    }
}

START_TEST(D11_what_a_panic_of_an_early_run_left_over_runs_at_the_exit)
{
    run_early_panics();
    expect_trace("last first stopped: bad");
}
END_TEST

static void run_again(lg_scope *scope)
{
    lg_scope_run(scope);
    note("ran");
}

START_TEST(D11_a_deferred_call_may_run_its_own_scope)
{
    {
        lg_scope(s);
        lg_defer_in(&s, note, "a");
        lg_defer_in(&s, run_again, &s);
        lg_defer_in(&s, note, "b");
    }
    expect_trace("b a ran");
}
END_TEST

static void (*const volatile no_recovering)(lg_panic_info *);

static void scope_of_null(void)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_scope(s);
        lg_defer_in(&s, note, "first");
        lg_defer_recover_in(&s, no_recovering);
        note("body");
    }
}

START_TEST(D9_null_that_recovers_panics_in_a_scope_too)
{
    scope_of_null();
    expect_trace("body first stopped: deferred call of a NULL function: no_recovering()");
}
END_TEST

RUN_TESTS("scope_calls", D9_null_that_recovers_panics_in_a_scope_too,
          D8_a_deferred_call_may_add_to_the_scope_that_runs_it,
          D8_a_call_that_panics_leaves_the_others_to_run, D8_P4_the_last_panic_of_a_scope_wins,
          D11_calls_of_a_scope_are_dismissed_and_run_now, D11_a_scope_is_run_now_and_used_again,
          D11_a_scope_is_dismissed, D11_what_a_panic_of_an_early_run_left_over_runs_at_the_exit,
          D11_a_deferred_call_may_run_its_own_scope)
