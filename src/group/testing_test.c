#include "testing/test.h"

static void passes(lg_test *t, void *data)
{
    lg_test_check(t, data != NULL);
    lg_defer(note, "end");
    note("passes");
}

static void fails_now(lg_test *t, void *data)
{
    (void)data;
    lg_defer(note, "first");
    lg_defer(note, "second");
    lg_test_fail_now(t, "the answer is %d", 41);
    note("never");
}

static void goes_on(lg_test *t, void *data)
{
    (void)data;
    lg_test_error(t, "one");
    ck_assert(lg_test_has_failed(t));
    lg_test_error(t, "two");
    note("to the end");
}

static void panics(lg_test *t, void *data)
{
    (void)t;
    (void)data;
    lg_defer(note, "cleaned up");
    lg_panic("out of paper");
}

static void expect_error(lg_error *err, const char *text)
{
    char is[512];
    lg_error_format(err, is, sizeof(is));
    lg_error_free(err);
    ck_assert_msg(strstr(is, text) != NULL, "%s", is);
}

START_TEST(a_test_that_passes)
{
    ck_assert_ptr_null(lg_test_run("passes", passes, &trace_text));
    expect_trace("passes end");
}
END_TEST

START_TEST(P6_failing_now_runs_what_is_deferred)
{
    expect_error(lg_test_run("fails", fails_now, NULL), "fails: the answer is 41");
    expect_trace("second first");
    expect_error(lg_test_run("checks", passes, NULL), "checks: not so: data != NULL");
    expect_trace("");
}
END_TEST

START_TEST(a_test_may_fail_and_go_on)
{
    expect_error(lg_test_run("goes on", goes_on, NULL), "goes on: one; two");
    expect_trace("to the end");
}
END_TEST

START_TEST(a_panic_is_a_failure)
{
    expect_error(lg_test_run("panics", panics, NULL), "out of paper");
    expect_trace("cleaned up");
    ck_assert_ptr_null(lg_test_run("passes", passes, &trace_text));
}
END_TEST

static void helper(lg_test *t, const char *word)
{
    lg_defer_in(lg_test_scope(t), note, word);
}

static void uses_helpers(lg_test *t, void *data)
{
    (void)data;
    lg_defer(note, "own");
    helper(t, "first");
    helper(t, "second");
    lg_test_fail_now(t, "failed");
}

START_TEST(P6_helpers_add_to_the_tests_own_cleanup)
{
    expect_error(lg_test_run("helpers", uses_helpers, NULL), "failed");
    expect_trace("own second first");
}
END_TEST

static void in_a_goroutine(void)
{
    ck_assert_ptr_null(lg_test_run("passes", passes, &trace_text));
    expect_error(lg_test_run("fails", fails_now, NULL), "41");
}

START_TEST(tests_run_from_goroutines_too)
{
    lg_group_scope(group, NULL);
    lg_group_go(&group, in_a_goroutine);
}
END_TEST

RUN_TESTS("testing", a_test_that_passes, P6_failing_now_runs_what_is_deferred,
          a_test_may_fail_and_go_on, a_panic_is_a_failure, P6_helpers_add_to_the_tests_own_cleanup,
          tests_run_from_goroutines_too)
