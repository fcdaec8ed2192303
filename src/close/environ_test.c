/* Tests of lg_env_set and lg_env_restore; each name begins with the rule of DESIGN.md that it
 * holds. */
#define _GNU_SOURCE
#define FAILING_ALLOCATIONS
#include "failing_test.h"

#include <check.h>
#include <lifoguard/defer.h>
#include <lifoguard/environ.h>
#include <lifoguard/panic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char NAME[] = "LIFOGUARD_TEST_VARIABLE";

static void check_variable(const char *expected)
{
    const char *value = getenv(NAME);
    if (expected)
        ck_assert_pstr_eq(value, expected);
    else
        ck_assert_ptr_null(value);
}

static lg_error *changed_twice(const char *inside)
{
    lg_func (lg_error *, err) {
        lg_env_saved saved, again;
        err = lg_env_set(NAME, "1", &saved);
        if (err)
            lg_return(err);
        lg_defer(lg_env_restore, &saved, &err);
        check_variable("1");
        err = lg_env_set(NAME, inside, &again);
        if (err)
            lg_return(err);
        lg_defer(lg_env_restore, &again, &err);
        check_variable(inside);
    }
}

START_TEST(D1_a_variable_is_restored_in_reverse)
{
    static const char *const before[] = {NULL, "", "old",
                                         "a rather longer value, with = and so on"};
    static const char *const inside[] = {NULL, "", "2"};
    for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
        for (size_t j = 0; j < sizeof inside / sizeof *inside; j++) {
            if (before[i])
                setenv(NAME, before[i], 1);
            else
                unsetenv(NAME);
            ck_assert_ptr_null(changed_twice(inside[j]));
            check_variable(before[i]);
        }
    }
}
END_TEST

static void stop(lg_panic_info *panic)
{
    lg_recover(panic);
}

static lg_error *panics(void)
{
    lg_func_recovers (lg_error *, err) {
        lg_defer_recover(stop);
        lg_env_saved saved;
        err = lg_env_set(NAME, "inside", &saved);
        if (err)
            lg_return(err);
        lg_defer(lg_env_restore, &saved, &err);
        lg_panic("with the variable changed");
    }
}

START_TEST(P1_a_variable_is_restored_by_a_panic)
{
    setenv(NAME, "before", 1);
    ck_assert_ptr_null(panics());
    check_variable("before");
}
END_TEST

START_TEST(D9_restoring_nothing_does_nothing)
{
    lg_error *err = NULL;
    lg_env_saved saved = {NULL, NULL};
    setenv(NAME, "before", 1);
    lg_env_restore(&saved, &err);
    lg_env_restore(NULL, &err);
    ck_assert_ptr_null(lg_env_set(NAME, "inside", &saved));
    errno = 4711;
    lg_env_restore(&saved, NULL);
    ck_assert_int_eq(errno, 4711);
    check_variable("before");
    setenv(NAME, "after", 1);
    lg_env_restore(&saved, &err);
    check_variable("after");
    ck_assert_ptr_null(err);
}
END_TEST

START_TEST(E6_a_name_that_cannot_be_is_an_error)
{
    static const char *const names[] = {"", "A=B", "="};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        lg_env_saved saved;
        lg_error *err = lg_env_set(names[i], i ? "1" : NULL, &saved);
        ck_assert_int_eq(lg_error_errno_value(err), EINVAL);
        lg_error_free(err);
        lg_env_restore(&saved, NULL);
    }
}
END_TEST

START_TEST(E7_out_of_memory_is_reported_and_changes_nothing)
{
    if (!can_fail_allocations())
        return;
    char value[] = "value 0000", name[] = "LIFOGUARD_TEST_0000";
    long fails_at = 0;
    int failures = 0;
    bool was_enough;
    do {
        /* New ones each time: the C library keeps those that it has seen. */
        snprintf(name + 15, 5, "%04ld", fails_at % 10000);
        snprintf(value + 6, 5, "%04ld", fails_at % 10000);
        lg_env_saved saved;
        memory_watch(++fails_at, false);
        lg_error *err = lg_env_set(name, value, &saved);
        was_enough = memory.made < fails_at;
        memory_ignore();
        failures += err != NULL;
        /* The C library can do without some of the memory that it asks for. */
        if (!err)
            ck_assert_pstr_eq(getenv(name), value);
        else
            ck_assert(lg_error_is_errno(err, ENOMEM) && !getenv(name));
        lg_error_free(err);
        lg_env_restore(&saved, NULL);
        ck_assert_ptr_null(getenv(name));
    } while (!was_enough);
    ck_assert_int_ge(failures, 2); /* of ours and of setenv's */
}
END_TEST

/* What it was before came from execve, so the C library has no copy of it and has to make one. */
START_TEST(E7_a_restore_without_memory_lands_the_error)
{
    if (!can_fail_allocations())
        return;
    static char inherited[] = "LIFOGUARD_TEST_VARIABLE=from outside";
    static char *outside[] = {inherited, NULL};
    environ = outside;
    lg_env_saved saved;
    lg_error *err = lg_error_new("earlier");
    ck_assert_ptr_null(lg_env_set(NAME, "inside", &saved));
    memory_watch(1, true);
    lg_env_restore(&saved, &err);
    memory_ignore();
    ck_assert(lg_error_is_errno(err, ENOMEM));
    ck_assert_str_eq(lg_error_message(err), "several errors");
    check_variable("inside");
    lg_error_free(err);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("environ");
    TCase *tests = tcase_create("environ");
    tcase_set_timeout(tests, 600);
    tcase_add_test(tests, D1_a_variable_is_restored_in_reverse);
    tcase_add_test(tests, P1_a_variable_is_restored_by_a_panic);
    tcase_add_test(tests, D9_restoring_nothing_does_nothing);
    tcase_add_test(tests, E6_a_name_that_cannot_be_is_an_error);
    tcase_add_test(tests, E7_out_of_memory_is_reported_and_changes_nothing);
    tcase_add_test(tests, E7_a_restore_without_memory_lands_the_error);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
