/* Tests in virtual time where each allocation fails in turn: around the bubble, in its report, and in it. */
#include "testing/failing_malloc.h"

#include "testing/virtual.h"

#include <lifoguard/panic.h>

static void sleeps(lg_test *t, void *data)
{
    (void)t;
    (void)data;
    lg_sleep(LG_HOUR);
}

static void receive(lg_chan(int) channel)
{
    lg_defer(lg_chan_unref, channel);
    lg_defer(note, "cleaned up");
    lg_chan_recv(channel, NULL);
}

static void deadlocks(lg_test *t, void *data)
{
    (void)t;
    (void)data;
    lg_chan(int) channel = lg_chan_make(int, 0);
    lg_go_owned(receive, lg_chan_ref(channel), lg_chan_unref);
    lg_defer(lg_chan_unref, channel);
    lg_chan_recv(channel, NULL);
}

/* That allocation of the caller's thread fails, and those after it if `all`. */
static lg_error *run_failing(void (*test)(lg_test *t, void *data), long failing, int all)
{
    memory_watch(failing, all != 0);
    lg_error *err = lg_test_run_virtual("test", test, NULL);
    memory_ignore();
    return err;
}

static bool is_out_of_memory(lg_error *err)
{
    char text[512] = "";
    memory_ignore();
    if (err)
        lg_error_format(err, text, sizeof(text));
    return strstr(text, "out of memory") != NULL;
}

START_TEST(V1_no_memory_for_a_test)
{
    if (!can_fail_allocations())
        return;
    long failing = 0;
    do {
        lg_error *err = lg_call_contained(run_failing, sleeps, ++failing, 0);
        bool failed = is_out_of_memory(err);
        ck_assert_msg(failed == (memory.failed > 0), "allocation %ld", failing);
        lg_error_free(err);
        expect_pass("sleeps", sleeps, NULL);
    } while (memory.failed > 0);
    ck_assert_int_gt(failing, 1);
}
END_TEST

START_TEST(V5_no_memory_for_the_report)
{
    if (!can_fail_allocations())
        return;
    for (int all = 0; all <= 1; all++) {
        long failing = 0;
        do {
            lg_error *err = lg_call_contained(run_failing, deadlocks, ++failing, all);
            memory_ignore();
            ck_assert_msg(err != NULL, "allocation %ld", failing);
            lg_error_free(err);
        } while (memory.failed > 0);
        ck_assert_int_gt(failing, 4);
    }
    ck_assert_ptr_nonnull(strstr(trace_text, "cleaned up"));
}
END_TEST

/* ---- in the bubble ---- */

static void nap(void)
{
    lg_sleep(LG_MINUTE);
}

static void make_all(void)
{
    lg_chan(int) channel = lg_chan_make(int, 1);
    lg_defer(lg_chan_unref, channel);
    lg_timer *timer = lg_timer_new(LG_SECOND);
    lg_defer(lg_timer_free, timer);
    lg_timer *calling = lg_timer_new_func(LG_HOUR, nap);
    lg_defer(lg_timer_free, calling);
    lg_timer_reset(calling, LG_SECOND);
    lg_ticker *ticker = lg_ticker_new(LG_SECOND);
    lg_defer(lg_ticker_free, ticker);
    lg_auto_context lg_context *ctx = lg_context_with_timeout(lg_context_background(), LG_SECOND);
    lg_context_on_done(ctx, nap);
    lg_go(nap);
    lg_go_thread(nap);
    lg_group_scope(group, NULL);
    lg_group_go(&group, nap);
    lg_sleep(LG_HOUR);
}

/* Returns whether an allocation has failed. */
static bool make_all_failing(lg_test *t, long failing)
{
    memory_watch(failing, false);
    lg_error *err = lg_call_contained(make_all);
    memory_ignore();
    bool failed = memory.failed > 0;
    lg_test_check(t, (err != NULL) == failed);
    lg_error_free(err);
    return failed;
}

static void fail_each(lg_test *t, void *data)
{
    (void)data;
    for (long failing = 1; make_all_failing(t, failing); failing++)
        lg_sleep(LG_HOUR);
}

START_TEST(V1_no_memory_in_a_test)
{
    if (!can_fail_allocations())
        return;
    ck_assert_ptr_null(lg_set_workers(1)); /* so the goroutine has the thread for itself */
    expect_pass("fail each", fail_each, NULL);
}
END_TEST

RUN_TESTS("virtual memory", V1_no_memory_for_a_test, V5_no_memory_for_the_report,
          V1_no_memory_in_a_test)
