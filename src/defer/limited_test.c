/* D20: a limit for a deferred call. Nothing here depends on how fast the machine is: a call overruns a limit of a nanosecond by
 * waiting until the clock has gone on, and does not overrun one of an hour. */
#include "testing/failing_malloc.h"

#include "testing/test.h"

#include <lifoguard/limit.h>
#include <lifoguard/move.h>
#include <lifoguard/panic.h>

static LG_ERROR_DEFINE(one_error, "one");

/* ---- what is deferred ---- */

static lg_error *take_time(lg_error *result)
{
    lg_time began = lg_now();
    while (lg_since(began) < LG_MICROSECOND)
        ;
    return result;
}

static void take_time_silently(void)
{
    lg_error_free(take_time(NULL));
}

static lg_error *panic_late(void)
{
    lg_error_free(take_time(NULL));
    lg_panic("late");
}

static void expect_begins(const lg_error *error, const char *text)
{
    char line[512];
    lg_error_format(error, line, sizeof(line));
    ck_assert_msg(strncmp(line, text, strlen(text)) == 0, "%s", line);
}

static int count_of(const lg_error *error)
{
    char line[1024];
    lg_error_format(error, line, sizeof(line));
    return occurrences(line, "a cleanup overran its limit");
}

/* ---- in a block ---- */

static lg_error *overrun(lg_error *own)
{
    lg_func (lg_error *, err) {
        lg_defer_within(LG_NANOSECOND, &err, take_time, own);
    }
}

static lg_error *in_time(lg_error *own)
{
    lg_func (lg_error *, err) {
        lg_defer_within(LG_HOUR, &err, take_time, own);
        lg_defer_within(0, &err, take_time_silently); /* 0: no limit */
    }
}

START_TEST(d20_a_call_that_overruns_its_limit_is_named)
{
    lg_error *error = overrun(NULL);
    ck_assert(lg_error_is(error, &lg_error_overrun));
    ck_assert(lg_error_is_errno(error, ETIMEDOUT));
    expect_begins(error, "take_time(own) took ");
    ck_assert_ptr_nonnull(strstr(lg_error_file(error), "limited_test.c"));
    lg_error_free(error);

    error = overrun(&one_error); /* behind the error of its own */
    expect_begins(error, "one; take_time(own) took ");
    lg_error_free(error);
}
END_TEST

/* A time that is over already, as a remaining time may be, is no longer limit than a short one. */
START_TEST(d20_a_negative_limit_is_always_overrun)
{
    const lg_duration limits[] = {-1, LG_DURATION_MIN};
    for (int i = 0; i < 2; i++) {
        lg_error *err = NULL;
        {
            lg_defer_within(limits[i], &err, take_time, NULL);
        }
        ck_assert(lg_error_is(err, &lg_error_overrun));
        lg_error_free(err);
    }
}
END_TEST

START_TEST(d20_a_call_in_time_is_not)
{
    ck_assert_ptr_null(in_time(NULL));
    ck_assert_ptr_eq(in_time(&one_error), &one_error);
}
END_TEST

START_TEST(d20_the_error_may_be_the_first_of_an_array)
{
    lg_error *errors[2] = {NULL, NULL};
    {
        lg_scope(scope);
        lg_defer_within_in(&scope, -1, errors, take_time, NULL);
        lg_defer_within(-1, errors, take_time, NULL);
    }
    ck_assert(lg_error_is(errors[0], &lg_error_overrun));
    ck_assert_ptr_null(errors[1]);
    lg_error_free(errors[0]);
}
END_TEST

static void append(char *order, const char *what)
{
    strcat(order, what);
}

START_TEST(d20_it_has_its_place_in_the_one_order)
{
    char order[16] = "", first[2] = "b";
    lg_error *err = NULL;
    {
        lg_defer(append, order, "c");
        lg_defer_within(LG_HOUR, &err, append, order, first); /* D2, D3 */
        lg_defer(append, order, "a");
        first[0] = 'B';
    }
    ck_assert_str_eq(order, "aBc");
}
END_TEST

static lg_error *null_function(void)
{
    lg_func (lg_error *, err) {
        lg_error *(*hook)(void) = NULL;
        lg_defer_within(LG_HOUR, &err, hook);
    }
}

START_TEST(d20_a_null_function_panics_when_the_call_is_made)
{
    lg_error *error = lg_call_contained(null_function);
    expect_begins(error, "panic: deferred call of a NULL function: hook()");
    lg_error_free(error);
}
END_TEST

/* ---- in a scope ---- */

static lg_error *in_scope(lg_cleanups *moved_to)
{
    lg_func (lg_error *, err) {
        lg_scope(scope);
        for (int i = 0; i < 10; i++)
            lg_defer_within_in(&scope, LG_NANOSECOND, &err, take_time, i == 0 ? &one_error : NULL);
        lg_defer_within_in(&scope, LG_NANOSECOND, &err, take_time_silently);
        lg_defer_within_in(&scope, LG_HOUR, &err, take_time_silently);
        if (moved_to)
            lg_move(&scope, moved_to);
    }
}

START_TEST(d20_in_a_scope)
{
    lg_error *error = in_scope(NULL);
    ck_assert_int_eq(count_of(error), 11);
    expect_begins(error, "take_time_silently() took ");
    ck_assert(lg_error_is(error, &one_error));
    lg_error_free(error);
}
END_TEST

static lg_error *moved(void)
{
    lg_func (lg_error *, err) {
        static lg_cleanups cleanups;
        lg_scope(scope);
        lg_defer_within_in(&scope, LG_NANOSECOND, &err, take_time_silently);
        lg_move(&scope, &cleanups);
        lg_cleanups_run(&cleanups);
    }
}

START_TEST(d20_a_limit_moves_with_the_call)
{
    lg_error *error = moved();
    ck_assert_int_eq(count_of(error), 1);
    lg_error_free(error);
}
END_TEST

/* ---- panics ---- */

static lg_error *panic_through(void)
{
    lg_func (lg_error *, err) {
        lg_defer_within(LG_NANOSECOND, &err, take_time, NULL);
        lg_defer_within(LG_HOUR, NULL, take_time, NULL);
        lg_panic("first");
    }
}

START_TEST(d20_the_error_of_a_panic_names_it)
{
    lg_error *error = lg_call_contained(panic_through);
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    lg_error_print_tree(error, file);
    fclose(file);
    const char *at = strstr(text, "deferred calls that overran their limits:");
    ck_assert_ptr_nonnull(at);
    ck_assert_int_eq(occurrences(at, "take_time("), 1);
    free(text);
    lg_error_free(error);
}
END_TEST

static void panic_uncaught(void *data)
{
    (void)data;
    for (int i = 0; i < 6; i++) {
        lg_defer_within(LG_NANOSECOND, NULL, take_time_silently);
    }
    lg_panic("first");
}

static void overrun_many(void *data)
{
    (void)data;
    lg_scope(scope);
    for (int i = 0; i < 6; i++)
        lg_defer_within_in(&scope, LG_NANOSECOND, NULL, take_time_silently);
    lg_panic("first");
}

START_TEST(d20_the_report_of_a_panic_names_it)
{
    struct outcome *outcome = in_child(overrun_many, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, "deferred calls that overran their limits:\n    take_time_silently()  ");
    expect_in_err(outcome, ", limit 1ns\n");
    outcome = in_child(panic_uncaught, NULL);
    expect_in_err(outcome, "panic: first\n");
}
END_TEST

static lg_error *panic_in_it(void)
{
    lg_func (lg_error *, err) {
        lg_defer_within(LG_NANOSECOND, &err, panic_late);
    }
}

START_TEST(d20_a_call_that_panics_is_named_too)
{
    lg_error *error = lg_call_contained(panic_in_it);
    expect_begins(error, "panic: late");
    lg_error_free(error);
}
END_TEST

/* ---- while it runs ---- */

struct seen {
    size_t count;
    char call[64];
};

static bool visit_overrun(const lg_overrun *overrun, void *data)
{
    struct seen *seen = data;
    snprintf(seen->call, sizeof(seen->call), "%s", overrun->call);
    ck_assert(overrun->took > overrun->limit);
    ck_assert_ptr_nonnull(strstr(overrun->file, "limited_test.c"));
    ck_assert_uint_gt(overrun->line, 0);
    return false;
}

static void look_at_itself(struct seen *seen)
{
    take_time_silently();
    seen->count = lg_overrun_visit(visit_overrun, seen);
}

START_TEST(d20_what_still_runs_can_be_visited)
{
    struct seen seen = {0}, early = {0};
    {
        lg_defer_within(LG_HOUR, NULL, look_at_itself, &early);
    }
    ck_assert_uint_eq(early.count, 0);
    {
        lg_defer_within(LG_NANOSECOND, NULL, look_at_itself, &seen);
        ck_assert_uint_eq(lg_overrun_visit(visit_overrun, &seen), 0); /* it does not run yet */
    }
    ck_assert_uint_eq(seen.count, 1);
    ck_assert_str_eq(seen.call, "look_at_itself(&seen)");
    ck_assert_uint_eq(lg_overrun_visit(visit_overrun, &seen), 0); /* nor any more */
}
END_TEST

START_TEST(d20_without_memory_the_overrun_is_still_told)
{
    if (!can_fail_allocations())
        return;
    memory_watch(1, true);
    lg_error *error = overrun(NULL);
    memory_ignore();
    ck_assert(lg_error_is(error, &lg_error_overrun));
    lg_error_free(error);
}
END_TEST

static void fork_in_it(int *status)
{
    take_time_silently();
    pid_t child = fork();
    if (child == 0) {
        struct seen seen = {0};
        {
            lg_defer_within(LG_HOUR, NULL, take_time_silently);
        }
        _exit(lg_overrun_visit(visit_overrun, &seen) == 0 ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, status, 0), child);
}

START_TEST(d20_a_child_after_fork_knows_only_its_own)
{
    int status = -1;
    {
        lg_defer_within(LG_NANOSECOND, NULL, fork_in_it, &status);
    }
    ck_assert_int_eq(status, 0);
}
END_TEST

RUN_TESTS("limited", d20_a_call_that_overruns_its_limit_is_named, d20_a_call_in_time_is_not,
          d20_the_error_may_be_the_first_of_an_array, d20_a_negative_limit_is_always_overrun,
          d20_it_has_its_place_in_the_one_order, d20_a_null_function_panics_when_the_call_is_made,
          d20_in_a_scope, d20_a_limit_moves_with_the_call, d20_the_error_of_a_panic_names_it,
          d20_the_report_of_a_panic_names_it, d20_a_call_that_panics_is_named_too,
          d20_what_still_runs_can_be_visited, d20_without_memory_the_overrun_is_still_told,
          d20_a_child_after_fork_knows_only_its_own)
