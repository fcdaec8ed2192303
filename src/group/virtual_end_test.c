/* Tests of the end of a test with a virtual clock, and of what reaches such a test from outside. Rules are those of docs/rules.md. */
#include "testing/sleepers.h"

/* ---- waiting for the others ---- */

static void count_down(int *count)
{
    for (; *count > 0; --*count)
        lg_yield();
}

START_VIRTUAL_TEST(V4_waits_until_the_others_are_blocked)
{
    int counts[20];
    lg_time start = lg_now();
    for (int i = 0; i < 20; i++) {
        counts[i] = 10 * i;
        lg_go(count_down, &counts[i]);
    }
    lg_go(sleep_and_note, 1);
    lg_test_wait();
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(counts[i], 0);
    ck_assert_int_eq(lg_now(), start);
    lg_sleep(LG_HOUR);
    lg_test_wait(); /* the timer of the other one is due at this time too */
    expect_trace("1");
}

static void wait_too(void *unused)
{
    (void)unused;
    lg_test_wait();
}

static void waits_twice(lg_test *t, void *data)
{
    (void)t;
    (void)data;
    lg_go(wait_too, NULL);
    lg_go(wait_too, NULL);
}

static void run_two_that_wait(void *unused)
{
    (void)unused;
    lg_error_free(lg_test_run_virtual("two", waits_twice, NULL));
}

START_TEST(V4_one_at_a_time_and_only_in_virtual_time)
{
    struct outcome *outcome = in_child(wait_too, NULL);
    expect_in_err(outcome, "lg_test_wait outside of a test in virtual time");
    outcome = in_child(run_two_that_wait, NULL);
    expect_in_err(outcome, "while another goroutine of the test is in lg_test_wait");
}
END_TEST

/* ---- deadlocks ---- */

static void receive(lg_chan(int) channel)
{
    lg_defer(lg_chan_unref, channel);
    lg_defer(note, "cleaned up");
    lg_chan_recv(channel, NULL);
    note("never");
}

static void deadlocks(lg_test *t, void *data)
{
    (void)t;
    (void)data;
    lg_chan(int) channel = lg_chan_make(int, 0), another = lg_chan_make(int, 0);
    lg_defer(lg_chan_unref, another);
    lg_ticker *unread = lg_ticker_new(LG_NANOSECOND);
    lg_defer(lg_ticker_free, unread);
    lg_defer(note, "end of the test");
    lg_go_owned(receive, channel, lg_chan_unref);
    lg_sleep(LG_MINUTE);
    lg_mutex mutex = {0};
    lg_mutex_lock(&mutex);
    lg_defer(lg_mutex_unlock, &mutex);
    lg_chan_send(another, 1);
    note("never");
}

static void expect_failure(void (*test)(lg_test *t, void *data), void *data,
                           const char *const *parts)
{
    char text[4096];
    lg_error *err = lg_test_run_virtual("fails", test, data);
    lg_error_format(err, text, sizeof(text));
    for (; *parts; parts++)
        ck_assert_msg(strstr(text, *parts) != NULL, "\"%s\" is not in: %s", *parts, text);
    lg_error_free(err);
}

START_TEST(V5_a_deadlock_is_reported_and_ended)
{
    expect_failure(deadlocks, NULL,
                   (const char *[]){"fails: ", "deadlock, 1m0s after the test began",
                                    "receive, started at", "waits for receive from a channel",
                                    "waits for send to a channel", NULL});
    ck_assert_ptr_nonnull(strstr(trace_text, "cleaned up"));
    ck_assert_ptr_nonnull(strstr(trace_text, "end of the test"));
    ck_assert_ptr_null(strstr(trace_text, "never"));
}
END_TEST

static void hold_for_ever(lg_mutex *mutex)
{
    lg_defer(lg_waitgroup_wait, &unfinished);
    lg_mutex_lock(mutex);
    lg_defer(lg_mutex_unlock, mutex);
    lg_waitgroup_wait(&unfinished);
}

static void waits_in_a_cleanup(lg_test *t, void *data)
{
    (void)t;
    lg_go(hold_for_ever, data);
    lg_waitgroup_wait(&unfinished);
}

START_TEST(V5_what_cannot_be_ended_is_named_and_left)
{
    lg_mutex mutex = {0};
    lg_waitgroup_add(&unfinished, 1);
    expect_failure(waits_in_a_cleanup, &mutex,
                   (const char *[]){"deadlock, 0s after", "cannot be ended",
                                    "hold_for_ever, started at", "waits for wait group", NULL});
    lg_waitgroup_done(&unfinished);
}
END_TEST

/* ---- the end of the test ---- */

static void tick_for_ever(void)
{
    lg_ticker *ticker = lg_ticker_new(LG_SECOND);
    lg_defer(lg_ticker_free, ticker);
    lg_defer(note, "stopped");
    while (lg_chan_recv(lg_ticker_channel(ticker), NULL))
        ;
}

static void leaves_some(lg_test *t, void *data)
{
    (void)t;
    (void)data;
    lg_go(tick_for_ever);
    lg_sleep(10 * LG_SECOND);
    lg_defer(note, "end");
}

START_TEST(V6_goroutines_that_are_left_are_failures)
{
    expect_failure(leaves_some, NULL,
                   (const char *[]){"goroutines are left, 10s after the test began",
                                    "tick_for_ever, started at", NULL});
    expect_trace("end stopped");
}
END_TEST

static void cleans_up_slowly(lg_test *t, void *data)
{
    (void)data;
    lg_defer_in(lg_test_scope(t), lg_sleep, LG_HOUR);
    lg_defer(note, "first");
}

START_TEST(V6_time_goes_on_in_what_the_test_defers)
{
    expect_pass("cleans up", cleans_up_slowly, NULL);
    expect_trace("first");
}
END_TEST

static void panics(lg_test *t, void *data)
{
    (void)t;
    (void)data;
    lg_defer(note, "cleaned up");
    lg_panic("out of paper");
}

static void fails(lg_test *t, void *data)
{
    (void)data;
    lg_sleep(LG_HOUR);
    lg_test_error(t, "one");
    lg_test_fail_now(t, "two");
}

START_TEST(V6_failures_and_panics_are_those_of_any_test)
{
    expect_failure(panics, NULL, (const char *[]){"out of paper", NULL});
    expect_trace("cleaned up");
    expect_failure(fails, NULL, (const char *[]){"fails: one; two", NULL});
}
END_TEST

/* ---- from outside ---- */

static struct {
    lg_chan(int) channel;
    lg_timer *timer, *calling;
    lg_ticker *ticker;
} leaked;

static void leaks(lg_test *t, void *data)
{
    (void)t;
    (void)data;
    leaked.channel = lg_chan_make(int, 1);
    leaked.timer = lg_timer_new(LG_HOUR);
    leaked.calling = lg_timer_new_func(LG_HOUR, note, "never");
    leaked.ticker = lg_ticker_new(LG_HOUR);
}

static void try_from_outside(int way)
{
    int value = 0;
    lg_time time;
    switch (way) {
    case 0: lg_chan_send(leaked.channel, value); break;
    case 1: lg_chan_recv(leaked.channel, &value); break;
    case 2: value = lg_chan_try_send(leaked.channel, value); break;
    case 3: (void)!lg_chan_try_recv(leaked.channel, &value); break;
    case 4: lg_chan_close(leaked.channel); break;
    case 5: lg_select(lg_case_recv(leaked.channel, &value, NULL), lg_case_default); break;
    case 6: lg_chan_recv(lg_timer_channel(leaked.timer), &time); break;
    case 7: lg_timer_stop(leaked.timer); break;
    case 8: lg_timer_reset(leaked.calling, 1); break;
    case 9: lg_ticker_stop(leaked.ticker); break;
    default: lg_ticker_reset(leaked.ticker, 1); break;
    }
}

static void expect_refusals(void)
{
    for (int way = 0; way <= 10; way++) {
        lg_error *err = lg_call_contained(try_from_outside, way);
        char text[256] = "";
        if (err)
            lg_error_format(err, text, sizeof(text));
        ck_assert_msg(strstr(text, "of a test in virtual time from outside of that test"),
                      "way %d: %s", way, text);
        lg_error_free(err);
    }
}

static void use_from_another(lg_test *t, void *data)
{
    (void)t;
    (void)data;
    expect_refusals();
}

START_TEST(V7_what_was_made_in_a_test_is_not_used_outside)
{
    expect_pass("leaks", leaks, NULL);
    expect_refusals();
    expect_pass("another", use_from_another, NULL);
    ck_assert_int_eq(lg_chan_len(leaked.channel), 0);
    lg_chan_unref(leaked.channel);
    lg_timer_free(leaked.timer);
    lg_timer_free(leaked.calling);
    lg_ticker_free(leaked.ticker);
}
END_TEST

static lg_timer *real;

static void use_real(lg_test *t, void *data)
{
    (void)data;
    lg_time before = lg_now();
    lg_timer_reset(real, LG_MILLISECOND);
    lg_chan_recv(lg_timer_channel(real), NULL);
    lg_test_check(t, lg_now() == before);
}

START_TEST(V7_timers_of_outside_keep_their_clock)
{
    real = lg_timer_new(LG_HOUR);
    expect_pass("real", use_real, NULL);
    lg_timer_free(real);
}
END_TEST

static void nests(lg_test *t, void *data)
{
    (void)t;
    (void)data;
    lg_error_free(lg_test_run_virtual("inner", fails, NULL));
}

START_TEST(V2_virtual_time_is_not_nested)
{
    expect_failure(nests, NULL,
                   (const char *[]){"lg_test_run_virtual in a test in virtual time", NULL});
}
END_TEST

static lg_chan(int) never_sent;

static void recv_one(void)
{
    lg_chan_recv(never_sent, NULL);
}

static void block_many(lg_test *t, void *data)
{
    (void)t, (void)data;
    never_sent = lg_chan_make(int, 0);
    for (int i = 0; i < 120; i++)
        lg_go(recv_one);
    recv_one();
}

START_TEST(V5_of_many_that_are_blocked_some_are_named)
{
    static char text[65536];
    lg_error *err = lg_test_run_virtual("many", block_many, NULL);
    lg_error_format(err, text, sizeof(text));
    lg_error_free(err);
    ck_assert_msg(strstr(text, "blocked: ") && strstr(text, "; and 21 more"), "%s", text);
}
END_TEST

static void tell_called(void)
{
    tell("called");
}

static void start_and_exit(lg_test *t, void *data)
{
    (void)t, (void)data;
    lg_defer(tell, "deferred");
    for (int i = 0; i < 3; i++)
        lg_go(tell_called);
    lg_exit(3);
}

static void run_with_one_worker(void *unused)
{
    (void)unused;
    lg_error_free(lg_set_workers(1));
    lg_error_free(lg_test_run_virtual("exit", start_and_exit, NULL));
}

START_TEST(G4_an_exit_drops_members_that_have_not_started)
{
    struct outcome *outcome = in_child(run_with_one_worker, NULL);
    expect_status(outcome, 3);
    expect_out(outcome, "deferred ");
}
END_TEST

RUN_TESTS("virtual_end", G4_an_exit_drops_members_that_have_not_started,
          V5_of_many_that_are_blocked_some_are_named, V4_waits_until_the_others_are_blocked,
          V4_one_at_a_time_and_only_in_virtual_time, V5_a_deadlock_is_reported_and_ended,
          V5_what_cannot_be_ended_is_named_and_left, V6_goroutines_that_are_left_are_failures,
          V6_time_goes_on_in_what_the_test_defers, V6_failures_and_panics_are_those_of_any_test,
          V7_what_was_made_in_a_test_is_not_used_outside, V7_timers_of_outside_keep_their_clock,
          V2_virtual_time_is_not_nested)
