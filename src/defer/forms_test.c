/* D19: all forms in a scope. */
#include "testing/memory.h"
#include "testing/test.h"

/* ---- from a conditional, a loop, a helper ---- */

static void register_all(lg_scope *scope)
{
    lg_defer_on_error_in(scope, note, "error");
    lg_defer_on_success_in(scope, note, "success");
    lg_defer_in(scope, note, "always");
}

static lg_error *ends(int how)
{
    lg_func (lg_error *, err) {
        lg_scope(s);
        register_all(&s);
        if (how == 0)
            lg_return(NULL);
        if (how == 1)
            lg_return(lg_error_new("failed"));
        if (how == 2)
            lg_mark_success();
        if (how == 3)
            return NULL;
    }
}

START_TEST(D19_a_helper_registers_calls_that_depend_on_the_functions_end)
{
    ends(0);
    expect_trace("always success");
    lg_error_free(ends(1));
    expect_trace("always error");
    ends(2);
    expect_trace("always success");
    ends(3);
    expect_trace("always error");
}
END_TEST

static int recovers_if(bool condition)
{
    lg_func_recovers (int, result) {
        lg_defer(note, "rest");
        lg_scope(s);
        lg_defer_in(&s, note, "older");
        if (condition)
            lg_defer_recover_in(&s, stop);
        lg_defer_in(&s, note, "newer");
        result = 3;
        lg_panic("p");
    }
}

static int calls(bool condition)
{
    lg_func_recovers (int, result) {
        lg_defer_recover(stop);
        lg_return(recovers_if(condition));
    }
}

START_TEST(D19_a_conditional_recover_lets_its_function_return)
{
    ck_assert_int_eq(calls(true), 3);
    expect_trace("newer stopped: p older rest");
    ck_assert_int_eq(calls(false), 0);
    expect_trace("newer older rest stopped: p");
}
END_TEST

static void helper(lg_scope *scope, int number)
{
    for (int i = 0; i < number; i++)
        lg_defer_recover_in(scope, note_only, "looked");
    lg_defer_recover_in(scope, stop);
    lg_defer_recover_in(scope, note_only, "first");
}

static void recovered_by_a_helper(const char *message)
{
    lg_func_recovers_void {
        lg_scope(s);
        helper(&s, 12);
        if (message)
            lg_panic("%s", message);
    }
}

START_TEST(D19_a_helper_registers_a_recovering_call)
{
    recovered_by_a_helper("in a loop");
    expect_trace("first stopped: in a loop looked looked looked looked looked looked looked looked "
                 "looked looked looked looked");
    recovered_by_a_helper(NULL);
    expect_trace(
        "first looked looked looked looked looked looked looked looked looked looked looked "
        "looked");
}
END_TEST

static lg_error *contains(lg_scope **scope)
{
    lg_func (lg_error *, err) {
        lg_scope(s);
        *scope = &s;
        lg_defer_in(&s, note, "rest");
        for (int i = 0; i < 2; i++)
            lg_defer_contained_in(&s, panic_with, i == 0 ? "one" : "two");
        lg_defer_contained_in(&s, note, "nothing");
        lg_return(lg_error_new("first"));
    }
}

START_TEST(D19_a_contained_call_joins_its_panic_to_the_result)
{
    lg_scope *scope;
    char text[64];
    lg_error *err = contains(&scope);
    lg_error_format(err, text, sizeof(text));
    ck_assert_str_eq(text, "first; two; one");
    expect_trace("nothing rest");
    lg_error_free(err);
}
END_TEST

/* ---- panics in the calls ---- */

static lg_error *panics_in_a_call(bool outer)
{
    lg_func_recovers (lg_error *, err) {
        lg_defer_recover(stop);
        lg_scope(s);
        lg_defer_on_error_in(&s, note, "error");
        lg_defer_on_success_in(&s, note, "success");
        lg_defer_contained_in(&s, panic_with, "contained");
        if (outer)
            lg_defer_in(&s, panic_with, "newer");
        lg_mark_success();
    }
}

START_TEST(D19_a_panic_is_a_failure)
{
    lg_error *err = panics_in_a_call(true);
    expect_trace("error stopped: newer");
    ck_assert_str_eq(lg_error_message(err), "contained");
    lg_error_free(err);
    lg_error_free(panics_in_a_call(false));
    expect_trace("error");
}
END_TEST

static void replace(lg_panic_info *panic)
{
    if (panic)
        lg_panic("replaces %s", lg_panic_message(panic));
}

static void replaced_then_recovered(void)
{
    lg_func_recovers_void {
        lg_scope(s);
        lg_defer_recover_in(&s, stop);
        lg_defer_recover_in(&s, replace);
        lg_panic("first");
    }
}

START_TEST(D19_a_recovering_call_that_panics_replaces)
{
    replaced_then_recovered();
    expect_trace("stopped: replaces first");
}
END_TEST

/* ---- early ---- */

static lg_error *runs_early(void)
{
    lg_func_recovers (lg_error *, err) {
        lg_scope(s);
        register_all(&s);
        lg_defer_recover_in(&s, stop);
        lg_scope_run(&s);
        note("run");
        lg_deferred_run(lg_defer_on_success_in(&s, note, "now"));
        lg_deferred_run(lg_defer_recover_in(&s, note_only, "now"));
        lg_deferred_dismiss(lg_defer_on_error_in(&s, note, "never"));
    }
}

START_TEST(D19_success_is_judged_when_the_scope_is_run)
{
    ck_assert_ptr_null(runs_early());
    expect_trace("always error run now now");
}
END_TEST

/* ---- refused ---- */

static void refused_in(int what)
{
    lg_cleanups cleanups = {0};
    lg_scope(s);
    if (what == 0)
        lg_defer_recover_in(&s, stop);
    else if (what == 1)
        lg_defer_on_error_in(&s, note, "x");
    else if (what == 2)
        lg_defer_on_success_in(&cleanups, note, "x");
    else
        lg_defer_contained_in(&s, note, "x");
}

static void refused(int what)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        refused_in(what);
    }
}

START_TEST(D19_a_scope_that_cannot_take_a_call_says_where_to_declare_it)
{
    refused(0);
    expect_trace(
        "stopped: the scope cannot take a recovering call: declare the scope in an lg_func_recovers");
    refused(1);
    expect_trace(
        "stopped: the scope cannot take a call that depends on the function's success: declare "
        "the scope in an lg_func");
    refused(2);
    expect_trace(
        "stopped: the scope cannot take a call that depends on the function's success: declare "
        "the scope in an lg_func");
    refused(3);
    expect_trace("stopped: the scope cannot take a contained call: declare the scope in an lg_func "
                 "(lg_error *, err)");
}
END_TEST

/* ---- moved (D17) ---- */

static lg_error *moves(lg_error *result, lg_cleanups *refuses)
{
    lg_func_recovers (lg_error *, err) {
        lg_scope(outer);
        {
            lg_scope(inner);
            register_all(&inner);
            lg_defer_recover_in(&inner, stop);
            lg_defer_contained_in(&inner, panic_with, "contained");
            lg_move(&inner, refuses ? (lg_scope *)refuses : &outer);
        }
        lg_return(result);
    }
}

START_TEST(D17_calls_that_depend_on_the_function_move_within_it)
{
    lg_error *err = moves(NULL, NULL);
    ck_assert_str_eq(lg_error_message(err), "contained");
    expect_trace("always error");
    lg_error_free(err);
}
END_TEST

START_TEST(D17_an_object_takes_no_call_that_depends_on_a_function)
{
    lg_cleanups cleanups = {0};
    lg_error *err = moves(NULL, &cleanups);
    ck_assert_str_eq(lg_error_message(err), "contained");
    expect_trace(
        "stopped: lg_move: the receiver cannot take a contained call: declare the scope in an "
        "lg_func (lg_error *, err) always error");
    ck_assert_uint_eq(lg_cleanups_count(&cleanups), 0);
    lg_error_free(err);
}
END_TEST

/* ---- in a deferred block ---- */

static void recovers_in_a_block(bool outer)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_defer(note, "between");
        lg_defer_block {
            lg_scope(s);
            lg_defer_recover_in(&s, stop);
            lg_panic("in the block");
        }
        if (outer)
            lg_panic("outer");
    }
}

START_TEST(D19_stopping_a_panic_in_a_block_loses_no_older_panic)
{
    recovers_in_a_block(false);
    expect_trace("stopped: in the block between");
#if !defined(__clang__)
    recovers_in_a_block(true);
    expect_trace("stopped: in the block between stopped: outer");
#endif
}
END_TEST

/* ---- memory, LIFOGUARD_PANIC=core ---- */

static lg_error *without_memory(int what)
{
    lg_func_recovers (lg_error *, err) {
        lg_defer_recover(stop);
        lg_scope(s);
        for (int i = 0; i < 8; i++)
            lg_defer_on_success_in(&s, note, "success");
        memory_watch(1);
        if (what == 0)
            lg_defer_recover_in(&s, note_only, "made");
        else if (what == 1)
            lg_defer_on_error_in(&s, note, "made");
        else
            lg_defer_on_success_in(&s, note, "not made");
    }
}

START_TEST(D6_without_memory_a_call_that_depends_on_the_function_is_made_if_it_failed)
{
    if (!memory_can_fail())
        return;
    for (int what = 0; what < 3; what++) {
        without_memory(what);
        memory_ignore();
        expect_trace(what < 2
                         ? "made stopped: out of memory for a deferred call, which was made at once"
                         : "stopped: out of memory for a deferred call, which was made at once");
    }
}
END_TEST

static void tell_recovered(lg_panic_info *panic)
{
    tell(lg_recover(panic) ? "recovered" : "nothing");
}

static void recover_under_core(void *unused)
{
    (void)unused;
    setenv("LIFOGUARD_PANIC", "core", 1);
    lg_func_recovers_void {
        lg_scope(s);
        lg_defer_recover_in(&s, tell_recovered);
        lg_panic("p");
    }
}

START_TEST(P12_a_recovering_call_in_a_scope_keeps_the_program_from_aborting)
{
    const struct outcome *outcome = in_child(recover_under_core, NULL);
    expect_status(outcome, 0);
    expect_out(outcome, "recovered ");
}
END_TEST

RUN_TESTS("defer/forms", D19_a_helper_registers_calls_that_depend_on_the_functions_end,
          D19_a_conditional_recover_lets_its_function_return,
          D19_a_helper_registers_a_recovering_call,
          D19_a_contained_call_joins_its_panic_to_the_result, D19_a_panic_is_a_failure,
          D19_a_recovering_call_that_panics_replaces, D19_success_is_judged_when_the_scope_is_run,
          D19_a_scope_that_cannot_take_a_call_says_where_to_declare_it,
          D17_calls_that_depend_on_the_function_move_within_it,
          D17_an_object_takes_no_call_that_depends_on_a_function,
          D19_stopping_a_panic_in_a_block_loses_no_older_panic,
          D6_without_memory_a_call_that_depends_on_the_function_is_made_if_it_failed,
          P12_a_recovering_call_in_a_scope_keeps_the_program_from_aborting)
