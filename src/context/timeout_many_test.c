/* Tests of many timeouts, and of timeouts while the only worker computes. Rules are those of docs/rules.md. */
#include "testing/context.h"
#include "testing/virtual.h"

/* ---- many ---- */

enum { TIMEOUTS = 100000 };

static void many(void)
{
    int count = some_of(TIMEOUTS);
    lg_context **all = malloc((size_t)count * sizeof(*all));
    ck_assert_ptr_nonnull(all);
    lg_context *parent = lg_context_with_cancel(lg_context_background());
    for (int i = 0; i < count; i++)
        all[i] = lg_context_with_timeout(i % 2 ? parent : lg_context_background(),
                                         LG_MICROSECOND * (i % 20000));
    for (int i = 0; i < count; i += 5) {
        lg_context_cancel(all[i]);
        ck_assert_ptr_nonnull(lg_context_error(all[i]));
    }
    for (int i = 0; i < count; i++) {
        lg_context_wait(all[i]);
        if (i % 5)
            ck_assert_ptr_eq(lg_context_error(all[i]), &lg_error_deadline_exceeded);
        lg_context_free(all[i]);
    }
    ck_assert_uint_eq(children_of(parent), 0);
    lg_context_free(parent);
    free(all);
}

START_TEST(a_hundred_thousand_timeouts)
{
    on_both(many);
}
END_TEST

/* One deadline, with a wide tree below: no timer is held up meanwhile. */
static void wide(void)
{
    int count = some_of(TIMEOUTS);
    lg_context **all = malloc((size_t)count * sizeof(*all));
    ck_assert_ptr_nonnull(all);
    lg_context *root = lg_context_with_timeout(lg_context_background(), 50 * LG_MILLISECOND);
    for (int i = 0; i < count; i++) {
        const lg_context *parent = i < 10 ? root : all[i / 10];
        all[i] = i % 2 ? lg_context_with_cancel(parent)
                       : lg_context_with_timeout(parent, 60 * LG_MILLISECOND);
    }
    for (int i = 0; i < count; i++)
        lg_context_wait(all[i]);
    for (int i = 0; i < count; i++) {
        ck_assert_ptr_eq(lg_context_error(all[i]), &lg_error_deadline_exceeded);
        lg_context_free(all[i]);
    }
    lg_context_free(root);
    free(all);
}

START_TEST(a_deadline_over_a_wide_tree)
{
    on_both(wide);
}
END_TEST

/* Ended at the very moment at which they are due. */
static void end_when_due(void)
{
    for (int i = 0; i < 3000; i++) {
        lg_context *parent = lg_context_with_cancel(lg_context_background());
        lg_context *ctx = lg_context_with_timeout(parent, 20 * LG_MICROSECOND, .name = "race");
        lg_context *child = lg_context_with_cancel(ctx);
        lg_time until = lg_now() + 15 * LG_MICROSECOND + i % 10 * LG_MICROSECOND;
        while (lg_now() < until)
            lgi_pause();
        lg_context_free(i % 2 ? ctx : parent);
        ck_assert_ptr_nonnull(lg_context_error(child));
        lg_context_free(i % 2 ? parent : ctx);
        lg_context_free(child);
    }
}

START_TEST(ending_one_that_is_just_due)
{
    on_both(end_when_due);
}
END_TEST

/* ---- while the only worker computes ---- */

static atomic_int computing, seen;

static void compute_until_done(const lg_context *ctx)
{
    atomic_store(&computing, 1);
    while (!lg_context_error(ctx))
        ;
    atomic_store(&seen, 1);
}

static void compute_until_seen(void)
{
    atomic_store(&computing, 1);
    while (!atomic_load(&seen))
        ;
}

static void await(const atomic_int *flag)
{
    while (!atomic_load(flag))
        usleep(100);
}

START_TEST(S8_who_computes_sees_that_its_time_is_over)
{
    ck_assert_ptr_null(lg_set_workers(1));
    lg_context *ctx = lg_context_with_timeout(lg_context_background(), 10 * LG_MILLISECOND);
    lg_go(compute_until_done, ctx);
    await(&seen); /* nobody waits by the library's means */
    lg_context_free(ctx);
}
END_TEST

START_TEST(S8_a_timeout_of_main_comes_while_others_compute)
{
    ck_assert_ptr_null(lg_set_workers(1));
    lg_go(compute_until_seen);
    await(&computing);
    lg_context *ctx = lg_context_with_timeout(lg_context_background(), 10 * LG_MILLISECOND);
    lg_context_wait(ctx);
    lg_context_free(ctx);
    lg_chan_recv(lg_chan_after(10 * LG_MILLISECOND), NULL);
    ck_assert_int_eq(atomic_load(&seen), 0);
    atomic_store(&seen, 1);
}
END_TEST

/* A timer that is started while the thread that runs late ones sleeps for a later one. */
START_TEST(S8_an_earlier_timeout_is_not_late_because_of_a_later_one)
{
    ck_assert_ptr_null(lg_set_workers(1));
    lg_context *later = lg_context_with_timeout(lg_context_background(), LG_HOUR);
    lg_go(compute_until_seen);
    await(&computing);
    for (int i = 0; i < 20; i++) {
        lg_context *ctx = lg_context_with_timeout(lg_context_background(), LG_MILLISECOND);
        lg_context_wait(ctx);
        lg_context_free(ctx);
    }
    atomic_store(&seen, 1);
    lg_context_free(later);
}
END_TEST

RUN_TESTS("timeout_many", a_hundred_thousand_timeouts, a_deadline_over_a_wide_tree,
          ending_one_that_is_just_due, S8_who_computes_sees_that_its_time_is_over,
          S8_a_timeout_of_main_comes_while_others_compute,
          S8_an_earlier_timeout_is_not_late_because_of_a_later_one)
