/* C++ in goroutines: each has its exceptions to itself, though many share a thread. */
#include "testing/test.h"

#include "goroutines.h"

START_TEST(exceptions_are_each_goroutines_own)
{
    for (unsigned workers = 1; workers <= 4; workers *= 2) {
        ck_assert_ptr_null(lg_set_workers(workers));
        lg_group group = {0};
        int before = cxx_ended();
        for (int i = 0; i < 200; i++)
            lg_group_go(&group, cxx_throws_and_waits, i);
        lg_group_go_with(&group, ((lg_go_options){.thread = true}), cxx_throws_and_waits, 200);
        for (int i = 0; i < 200; i++)
            lg_go(cxx_throws_and_waits, i);
        ck_assert_ptr_null(lg_group_wait(&group));
        while (cxx_ended() < before + 401)
            lg_sleep(50 * LG_MICROSECOND);
        ck_assert_int_eq(cxx_bad(), 0);
    }
}
END_TEST

START_TEST(a_panic_runs_destructors_that_wait)
{
    lg_group group = {0};
    for (int i = 0; i < 20; i++)
        lg_group_go(&group, cxx_panics_through);
    lg_error *errors = lg_group_wait(&group);
    int count = 0;
    lg_error_cursor cursor = lg_error_children(errors);
    for (const lg_error *child; (child = lg_error_next(&cursor)) != NULL; count++)
        ck_assert_str_eq(lg_error_message(child), "panic: through");
    ck_assert_int_eq(count, 20);
    ck_assert_int_eq(cxx_bad(), 0);
    lg_error_free(errors);
}
END_TEST

static void let_out(void *in_group)
{
    lg_group group = {0};
    if (in_group)
        lg_group_go(&group, cxx_lets_out);
    else
        lg_go(cxx_lets_out);
    lg_sleep(LG_MINUTE);
}

START_TEST(an_exception_that_nobody_catches_terminates)
{
    struct outcome *outcome = in_child(let_out, NULL);
    expect_status(outcome, -SIGABRT);
    expect_in_err(outcome, "nobody catches it");
    outcome = in_child(let_out, &outcome);
    expect_status(outcome, -SIGABRT);
    expect_in_err(outcome, "nobody catches it");
}
END_TEST

static void swallow(void *in_group)
{
    lg_group group = {0};
    if (in_group)
        lg_group_go(&group, cxx_swallows);
    else
        lg_go(cxx_swallows);
    lg_sleep(LG_MINUTE);
}

START_TEST(p11_a_panic_that_is_swallowed_is_reported)
{
    struct outcome *outcome = in_child(swallow, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, "catch (...) swallowed a panic");
    outcome = in_child(swallow, &outcome);
    expect_status(outcome, 2);
    expect_in_err(outcome, "catch (...) swallowed a panic");
}
END_TEST

RUN_TESTS("C++ goroutines", exceptions_are_each_goroutines_own, a_panic_runs_destructors_that_wait,
          an_exception_that_nobody_catches_terminates, p11_a_panic_that_is_swallowed_is_reported)
