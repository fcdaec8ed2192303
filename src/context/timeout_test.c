/* Deadlines: C1, C2, C7, C8. In virtual time, where nothing depends on the processors. */
#include "testing/context.h"
#include "testing/virtual.h"

static LG_ERROR_DEFINE(why_slow, "too slow");
static LG_ERROR_DEFINE(why_other, "something else");

enum { SHORT = 3 }; /* ms */

/* ---- C1 ---- */

static void time_out(void)
{
    lg_time start = lg_now(), when;
    lg_auto_context lg_context *ctx = lg_context_with_timeout(lg_context_background(),
                                                              SHORT * LG_MILLISECOND);
    lg_auto_context lg_context *child = lg_context_with_cancel(ctx);
    ck_assert(lg_context_deadline(child, &when));
    ck_assert_int_eq(when, start + SHORT * LG_MILLISECOND);
    ck_assert_ptr_eq(lg_sleep_until(LG_HOUR, lg_until_context(child)), &lg_error_deadline_exceeded);
    ck_assert_int_eq(lg_now(), when);
    expect_done(ctx, &lg_error_deadline_exceeded, &lg_error_deadline_exceeded);
    expect_done(child, &lg_error_deadline_exceeded, &lg_error_deadline_exceeded);
    lg_context_cancel(child);
    expect_done(child, &lg_error_deadline_exceeded, &lg_error_deadline_exceeded);
}

START_VIRTUAL_TEST(C1_a_timeout_ends_what_is_below)
{
    time_out();
}

static void with_deadline_at(void)
{
    lg_auto_context lg_context *ctx = lg_context_with_deadline(lg_context_background(),
                                                               lg_now() + SHORT * LG_MILLISECOND);
    lg_context_wait(ctx);
    expect_done(ctx, &lg_error_deadline_exceeded, &lg_error_deadline_exceeded);
}

START_VIRTUAL_TEST(C1_a_deadline)
{
    with_deadline_at();
}

START_TEST(C1_a_deadline_that_has_passed)
{
    const lg_duration times[] = {LG_DURATION_MIN, 0, lg_now() - 1};
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        lg_auto_context lg_context *ctx = lg_context_with_deadline(lg_context_background(),
                                                                   times[i]);
        lg_time when;
        expect_done(ctx, &lg_error_deadline_exceeded, &lg_error_deadline_exceeded);
        ck_assert(lg_context_deadline(ctx, &when) && when == times[i]);
    }
    lg_auto_context lg_context *zero = lg_context_with_timeout(lg_context_background(), 0);
    lg_auto_context lg_context *less = lg_context_with_timeout(lg_context_background(),
                                                               LG_DURATION_MIN);
    expect_done(zero, &lg_error_deadline_exceeded, &lg_error_deadline_exceeded);
    expect_done(less, &lg_error_deadline_exceeded, &lg_error_deadline_exceeded);
    lg_auto_context lg_context *parent = lg_context_with_cancel(lg_context_background());
    lg_auto_context lg_context *child = lg_context_with_timeout(parent, -1);
    expect_done(child, &lg_error_deadline_exceeded, &lg_error_deadline_exceeded);
    expect_not_done(parent);
    ck_assert_ptr_null(parent->children.first);
}
END_TEST

START_TEST(C1_the_longest_timeout_is_none)
{
    lg_auto_context lg_context *ctx = lg_context_with_timeout(lg_context_background(),
                                                              LG_DURATION_MAX);
    lg_time when;
    ck_assert(!lg_context_deadline(ctx, &when));
    expect_not_done(ctx);
}
END_TEST

START_VIRTUAL_TEST(C1_a_parents_earlier_deadline_is_not_put_off)
{
    lg_auto_context lg_context *parent =
        lg_context_with_timeout(lg_context_background(), SHORT * LG_MILLISECOND, .name = "outer");
    lg_auto_context lg_context *child = lg_context_with_timeout(parent, LG_HOUR, .name = "inner");
    lg_auto_context lg_context *caused = lg_context_with_timeout(parent, LG_HOUR,
                                                                 .cause = counted_error("x"));
    lg_duration outer, inner;
    ck_assert_int_eq(errors_freed, 1); /* it can never be the cause */
    errors_freed = 0;
    ck_assert(lg_context_deadline(parent, &outer) && lg_context_deadline(child, &inner));
    ck_assert_int_eq(outer, inner);
    lg_context_wait(child);
    lg_context_wait(caused); /* one after the other is told */
    ck_assert_ptr_eq(lg_context_error(child), &lg_error_deadline_exceeded);
    ck_assert_ptr_eq(lg_context_cause(child), lg_context_cause(parent));
    ck_assert_ptr_eq(lg_context_cause(caused), lg_context_cause(parent));
    ck_assert_str_eq(lg_error_message(lg_context_cause(child)), "outer, 3ms");
}

START_VIRTUAL_TEST(C1_a_childs_earlier_deadline_leaves_the_parent_alone)
{
    lg_auto_context lg_context *parent = lg_context_with_timeout(lg_context_background(), LG_HOUR);
    lg_auto_context lg_context *child = lg_context_with_timeout(parent, SHORT * LG_MILLISECOND);
    lg_context_wait(child);
    expect_not_done(parent);
    lg_test_wait();
    ck_assert_uint_eq(children_of(parent), 0); /* C4 */
}

START_VIRTUAL_TEST(C2_a_cancel_before_the_deadline_wins)
{
    lg_auto_context lg_context *ctx = lg_context_with_timeout(lg_context_background(),
                                                              100 * LG_MILLISECOND, .name = "x");
    lg_context_cancel_cause(ctx, &why_other);
    lg_sleep(120 * LG_MILLISECOND);
    expect_done(ctx, &lg_error_cancelled, &why_other);
}

/* A context of real time has its deadline on another clock, and its children do not wait for that. */
static void run_below(lg_test *t, void *real)
{
    lg_time start = lg_now();
    lg_auto_context lg_context *ctx = lg_context_with_timeout(real, LG_HOUR);
    lg_context_wait(ctx);
    lg_test_check(t, lg_since(start) == LG_HOUR);
    lg_context_cancel(real);
}

START_TEST(C1_V7_a_deadline_below_one_of_another_clock)
{
    lg_auto_context lg_context *real = lg_context_with_timeout(lg_context_background(), LG_HOUR);
    expect_pass("below", run_below, real);
    expect_cancelled(real);
}
END_TEST

/* ---- C8, and causes as in Go ---- */

static void name_it(void)
{
    char name[] = "query";
    lg_auto_context lg_context *ctx = lg_context_with_timeout(lg_context_background(),
                                                              SHORT * LG_MILLISECOND, .name = name);
    lg_auto_context lg_context *at = lg_context_with_deadline(
        lg_context_background(), lg_now() + SHORT * LG_MILLISECOND, .name = name);
    memset(name, 'x', 5); /* it was copied */
    lg_context_wait(ctx);
    lg_context_wait(at);
    char text[80];
    lg_error_format(lg_context_cause(ctx), text, sizeof(text));
    ck_assert_str_eq(text, "query, 3ms: deadline exceeded");
    lg_error_format(lg_context_cause(at), text, sizeof(text));
    ck_assert_str_eq(text, "query: deadline exceeded");
    ck_assert(lg_error_is(lg_context_cause(ctx), &lg_error_deadline_exceeded));
    ck_assert(lg_error_is_errno(lg_context_cause(ctx), ETIMEDOUT));
    lg_error *copy = lg_context_cause_copy(ctx);
    lg_error_format(copy, text, sizeof(text));
    ck_assert_str_eq(text, "query, 3ms: deadline exceeded");
    ck_assert(lg_error_is(copy, &lg_error_deadline_exceeded));
    ck_assert(!lg_error_is(copy, &lg_error_cancelled));
    lg_error_free(copy);
}

START_VIRTUAL_TEST(C8_the_cause_names_the_timeout)
{
    name_it();
}

START_VIRTUAL_TEST(C1_causes_of_timeouts_come_out_as_in_go)
{
    lg_context *ctx, *child;
    /* It fires: err is the deadline, the cause what was given. */
    ctx = lg_context_with_timeout(lg_context_background(), SHORT * LG_MILLISECOND,
                                  .cause = &why_slow);
    child = lg_context_with_cancel(ctx);
    lg_context_wait(child);
    expect_done(ctx, &lg_error_deadline_exceeded, &why_slow);
    expect_done(child, &lg_error_deadline_exceeded, &why_slow);
    lg_context_free(child);
    lg_context_free(ctx);
    /* It does not: the cause given for it is none. */
    ctx = lg_context_with_timeout(lg_context_background(), LG_HOUR, .cause = counted_error("slow"));
    lg_context_cancel(ctx);
    expect_cancelled(ctx);
    lg_context_free(ctx);
    ck_assert_int_eq(errors_freed, 1);
    errors_freed = 0;
    /* The parent is cancelled first. */
    ctx = lg_context_with_cancel(lg_context_background());
    child = lg_context_with_timeout(ctx, LG_HOUR, .cause = &why_slow);
    lg_context_cancel_cause(ctx, &why_other);
    expect_done(child, &lg_error_cancelled, &why_other);
    lg_context_free(child);
    lg_context_free(ctx);
    /* At once. */
    ctx = lg_context_with_deadline(lg_context_background(), 1, .cause = &why_slow);
    expect_done(ctx, &lg_error_deadline_exceeded, &why_slow);
    lg_context_free(ctx);
    ctx = lg_context_with_timeout(lg_context_background(), -1, .cause = NULL);
    expect_done(ctx, &lg_error_deadline_exceeded, &lg_error_deadline_exceeded);
    lg_context_free(ctx);
    /* A name is for the cause that the context makes itself. */
    ctx = lg_context_with_timeout(lg_context_background(), -1, .name = "unused",
                                  .cause = &why_slow);
    expect_done(ctx, &lg_error_deadline_exceeded, &why_slow);
    lg_context_free(ctx);
}

START_VIRTUAL_TEST(C9_a_wait_ends_by_its_context_or_by_its_own_limit)
{
    lg_auto_context lg_context *ctx = lg_context_with_cancel(lg_context_background());
    lg_until both = lg_until_within(lg_until_context(ctx), SHORT * LG_MILLISECOND);
    ck_assert_ptr_eq(lg_sleep_until(LG_HOUR, both), &lg_error_deadline_exceeded);
    both = lg_until_within(lg_until_context(ctx), LG_HOUR);
    lg_context_cancel(ctx);
    ck_assert_ptr_eq(lg_sleep_until(LG_HOUR, both), &lg_error_cancelled);
    /* The earlier limit holds, whichever was given first. */
    both = lg_until_within(lg_until_deadline(7), LG_HOUR);
    ck_assert_int_eq(both.lgi_deadline, 7);
    both = lg_until_within(lg_until_forever(), LG_DURATION_MAX);
    ck_assert_int_eq(both.lgi_deadline, LG_TIME_MAX);
}

/* ---- C7 ---- */

static const lg_context_key user_key = {"user", NULL};

static void clean_up(void)
{
    static char user[] = "someone";
    lg_auto_context lg_context *valued = lg_context_with_value(lg_context_background(), &user_key,
                                                               user);
    lg_auto_context lg_context *request = lg_context_with_timeout(valued, LG_MILLISECOND);
    lg_context_wait(request);
    lg_time start = lg_now(), when;
    lg_auto_context lg_context *cleanup = lg_context_for_cleanup(request, 50 * LG_MILLISECOND);
    ck_assert_ptr_null(lg_context_error(cleanup));
    ck_assert(lg_context_deadline(cleanup, &when));
    ck_assert_int_eq(when, start + 50 * LG_MILLISECOND);
    ck_assert_ptr_eq(lg_context_value(cleanup, &user_key), user);
    lg_context_cancel(valued);
    lg_error *err = lg_context_wait_until(valued, lg_until_context(cleanup));
    ck_assert_ptr_null(err);
    ck_assert_ptr_eq(lg_sleep_until(LG_HOUR, lg_until_context(cleanup)),
                     &lg_error_deadline_exceeded);
    char text[80];
    ck_assert_int_eq(lg_now(), when);
    lg_error_format(lg_context_cause(cleanup), text, sizeof(text));
    ck_assert_str_eq(text, "cleanup, 50ms: deadline exceeded");
}

START_VIRTUAL_TEST(C7_a_cleanup_goes_on_but_not_for_ever)
{
    clean_up();
    lg_auto_context lg_context *none = lg_context_for_cleanup(lg_context_background(), 0);
    ck_assert_ptr_eq(lg_context_error(none), &lg_error_deadline_exceeded);
}

RUN_TESTS("timeout", C1_a_timeout_ends_what_is_below, C1_a_deadline, C1_a_deadline_that_has_passed,
          C1_the_longest_timeout_is_none, C1_a_parents_earlier_deadline_is_not_put_off,
          C1_a_childs_earlier_deadline_leaves_the_parent_alone,
          C2_a_cancel_before_the_deadline_wins, C1_V7_a_deadline_below_one_of_another_clock,
          C8_the_cause_names_the_timeout, C1_causes_of_timeouts_come_out_as_in_go,
          C9_a_wait_ends_by_its_context_or_by_its_own_limit, C7_a_cleanup_goes_on_but_not_for_ever)
