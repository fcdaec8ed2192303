/* Tests of tickers. The facts are those of Go 1.23's time package, except that stopping one closes its channel. */
#include "testing/timer.h"
#include "testing/virtual.h"

/* ---- ticks ---- */

/* None is early, and none is missing, if somebody waits for each. */
static void ticks(void)
{
    lg_time start = lg_now(), time, last = start;
    lg_ticker *ticker = lg_ticker_new(2 * MS);
    lg_defer(lg_ticker_free, ticker);
    for (int i = 1; i <= 5; i++) {
        hold(lg_chan_recv(lg_ticker_channel(ticker), &time));
        hold(time >= start + 2 * MS * i);
        hold(time > last && time <= lg_now());
        last = time;
    }
    /* With another period from now on. */
    start = lg_now();
    lg_ticker_reset(ticker, 5 * MS);
    for (int i = 1; i <= 3; i++) {
        hold(lg_chan_recv(lg_ticker_channel(ticker), &time));
        hold(time >= start + 5 * MS * i);
    }
}

START_TEST(ticks_come_with_every_period)
{
    everywhere(ticks);
}
END_TEST

START_VIRTUAL_TEST(ticks_do_not_drift)
{
    lg_time start = lg_now(), time = 0;
    lg_ticker *ticker = lg_ticker_new(MS);
    lg_defer(lg_ticker_free, ticker);
    for (int i = 1; i <= 200; i++) {
        ck_assert(lg_chan_recv(lg_ticker_channel(ticker), &time));
        ck_assert_int_eq(time, start + i * MS);
    }
}

/* A slow receiver finds one tick, the first that it missed; the next one is where it would have been anyway. */
START_VIRTUAL_TEST(ticks_are_dropped_for_a_slow_receiver)
{
    lg_time start = lg_now(), time;
    lg_ticker *ticker = lg_ticker_new(10 * MS);
    lg_defer(lg_ticker_free, ticker);
    lg_chan(lg_time) channel = lg_ticker_channel(ticker);
    lg_sleep(55 * MS);
    ck_assert_uint_eq(lg_chan_len(channel), 1);
    ck_assert(lg_chan_recv(channel, &time));
    ck_assert_int_eq(time, start + 10 * MS);
    ck_assert(lg_chan_recv(channel, &time));
    ck_assert_int_eq(time, start + 60 * MS);
}

/* The goroutine does not wait meanwhile, so that the ticks are late. */
static void late(void)
{
    lg_duration period = 10 * MS, first, second;
    lg_ticker *ticker = lg_ticker_new(period);
    lg_defer(lg_ticker_free, ticker);
    lg_time start = lg_now(); /* not before the ticker's */
    lg_chan(lg_time) channel = lg_ticker_channel(ticker);
    spin_until(start + 5 * period);
    lg_sleep(MS);
    hold(lg_chan_len(channel) == 1);
    hold(lg_chan_recv(channel, &first));
    hold(lg_chan_recv(channel, &second));
    hold(second > start + 5 * period);
    hold(first <= second);
}

START_TEST(late_ticks_are_dropped_too)
{
    everywhere(late);
}
END_TEST

START_TEST(the_shortest_and_the_longest_period)
{
    lg_ticker *ticker = lg_ticker_new(LG_NANOSECOND);
    lg_time time, last = 0;
    for (int i = 0; i < 1000; i++) {
        ck_assert(lg_chan_recv(lg_ticker_channel(ticker), &time));
        ck_assert_int_gt(time, last);
        last = time;
    }
    static const lg_duration never[] = {LG_DURATION_MAX, LG_DURATION_MAX - 1,
                                        LG_DURATION_MAX / 2 + 1};
    for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
        lg_ticker_reset(ticker, never[i]);
        hold_nothing_comes(lg_ticker_channel(ticker), 2 * MS);
    }
    lg_ticker_free(ticker);
}
END_TEST

/* One for several goroutines: each tick goes to one of them. */
static lg_ticker *common;
static atomic_int received;

static void receive_some(void)
{
    for (int i = 0; i < 20; i++) {
        hold(lg_chan_recv(lg_ticker_channel(common), NULL));
        atomic_fetch_add(&received, 1);
    }
}

START_TEST(several_receivers_share_a_tickers_ticks)
{
    lg_time start = lg_now();
    common = lg_ticker_new(100 * US);
    all_at_once(2, 4, receive_some);
    ck_assert_int_eq(atomic_load(&received), 100);
    ck_assert_int_ge(lg_now(), start + 10 * MS);
    lg_ticker_free(common);
}
END_TEST

/* A goroutine that looks again and again, and never lets others run, sees the ticks. */
static void looks_only(void)
{
    lg_ticker *ticker = lg_ticker_new(MS);
    lg_defer(lg_ticker_free, ticker);
    lg_time limit = lg_now() + PATIENCE;
    for (int i = 0; i < 3; i++)
        while (lg_chan_try_recv(lg_ticker_channel(ticker), NULL) == &lg_error_deadline_exceeded)
            hold(lg_now() < limit);
}

/* Each waits for a tick, but not for long. */
static void tick_or_after(void)
{
    for (int i = 0; i < 500; i++) {
        lg_chan(lg_time) after = lg_chan_after(MS);
        lg_defer(lg_chan_unref, after);
        lg_time time;
        bool ok = false;
        lg_select(lg_case_recv(lg_ticker_channel(common), &time, &ok),
                  lg_case_recv(after, &time, &ok));
        hold(ok);
    }
}

START_TEST(a_select_waits_for_ticks)
{
    common = lg_ticker_new(US);
    all_at_once(2, 4, tick_or_after);
    lg_ticker_free(common);
}
END_TEST

START_TEST(a_goroutine_that_never_waits_sees_ticks)
{
    everywhere(looks_only);
}
END_TEST

/* ---- stop ---- */

static void loop(lg_chan(lg_time) channel)
{
    lg_defer(lg_chan_unref, channel);
    int count = 0;
    lg_chan_each (channel, lg_time, time)
        count += time > 0;
    lg_chan_send(finished, count);
}

static void *loop_on_thread(void *channel)
{
    loop(channel);
    return NULL;
}

START_TEST(stop_ends_the_loops_over_it)
{
    for (unsigned workers = 1; workers <= 8; workers *= 2) {
        pthread_t thread;
        ck_assert_ptr_null(lg_set_workers(workers));
        finished = lg_chan_make(int, 8);
        lg_ticker *ticker = lg_ticker_new(MS);
        lg_chan(lg_time) channel = lg_ticker_channel(ticker);
        lg_go(loop, lg_chan_ref(channel));
        lg_go(loop, lg_chan_ref(channel));
        ck_assert_int_eq(pthread_create(&thread, NULL, loop_on_thread, lg_chan_ref(channel)), 0);
        int count, all = 0, here = 0;
        lg_chan_each (channel, lg_time, time) {
            ck_assert_int_gt(time, 0);
            if (++here == 5)
                lg_ticker_stop(ticker);
        }
        for (int i = 0; i < 3; i++) {
            ck_assert(lg_chan_recv(finished, &count));
            all += count;
        }
        ck_assert_int_eq(here, 5);
        pthread_join(thread, NULL);
        lg_duration none = 1;
        ck_assert(!lg_chan_recv(channel, &none)); /* it stays closed */
        ck_assert_int_eq(none, 0);
        lg_ticker_stop(ticker);
        lg_ticker_free(ticker);
        lg_chan_unref(finished);
        ck_assert_int_ge(all, 0);
    }
}
END_TEST

/* A tick from before is not received, only that it has ended. */
static void stopped(void)
{
    lg_ticker *ticker = lg_ticker_new(MS);
    lg_defer(lg_ticker_free, ticker);
    lg_chan(lg_time) channel = lg_ticker_channel(ticker);
    lg_sleep(3 * MS);
    hold(lg_chan_len(channel) == 1);
    lg_ticker_stop(ticker);
    hold(lg_chan_len(channel) == 0);
    hold(lg_chan_try_recv(channel, NULL) == &lg_error_chan_closed);
    lg_ticker_stop(ticker);

    /* It starts again, and its channel is open. */
    lg_time start = lg_now(), time;
    lg_ticker_reset(ticker, 4 * MS);
    hold(lg_chan_try_recv(channel, &time) || lg_now() >= start + 4 * MS);
    hold(lg_chan_recv(channel, &time));
    hold(time >= start + 4 * MS);
    lg_ticker_reset(ticker, MS);
    lg_sleep(3 * MS);
    lg_ticker_reset(ticker, LONG); /* what has come is not received */
    hold(lg_chan_try_recv(channel, NULL) == &lg_error_deadline_exceeded);
    hold_nothing_comes(channel, 2 * MS);
    lg_ticker_stop(ticker);
    hold(!lg_chan_recv(channel, NULL));
}

START_TEST(a_stopped_ticker_may_start_again)
{
    everywhere(stopped);
}
END_TEST

static void free_soon(lg_ticker *ticker)
{
    lg_sleep(3 * MS);
    lg_ticker_free(ticker);
}

static void loops_over_what_is_freed(void)
{
    lg_ticker *ticker = lg_ticker_new(MS);
    lg_chan(lg_time) channel = lg_chan_ref(lg_ticker_channel(ticker));
    lg_defer(lg_chan_unref, channel);
    lg_go(free_soon, ticker);
    lg_chan_each (channel, lg_time, time)
        hold(time > 0);
    hold(!lg_chan_recv(channel, NULL));
}

START_TEST(free_ends_the_loops_over_it)
{
    everywhere(loops_over_what_is_freed);
}
END_TEST

/* The program may have closed the channel itself: nothing comes any more, and that is all. */
START_VIRTUAL_TEST(a_tickers_channel_that_was_closed)
{
    lg_ticker *ticker = lg_ticker_new(MS);
    lg_chan_close(lg_ticker_channel(ticker));
    (void)lg_chan_recv(lg_ticker_channel(ticker), NULL); /* a tick may have come before */
    lg_sleep(3 * MS);
    ck_assert(!lg_chan_recv(lg_ticker_channel(ticker), NULL));
    lg_ticker_stop(ticker);
    lg_ticker_free(ticker);
}

/* P1 */
static void panics_with_a_ticker(void)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_ticker *ticker = lg_ticker_new(MS);
        lg_defer(lg_ticker_free, ticker);
        lg_chan_each (lg_ticker_channel(ticker), lg_time, time)
            lg_panic("at a tick, %d", time > 0);
    }
}

START_TEST(P1_a_panic_frees_a_ticker)
{
    panics_with_a_ticker();
    expect_trace("stopped: at a tick, 1");
}
END_TEST

/* ---- misuse ---- */

static const lg_duration zero = 0, negative = -MS, second = LG_SECOND;

static void make_with(void *period)
{
    lg_ticker_free(lg_ticker_new(*(const lg_duration *)period));
}

static void reset_to(void *period)
{
    lg_ticker *ticker = lg_ticker_new(MS);
    lg_defer(lg_ticker_free, ticker);
    lg_ticker_reset(ticker, *(const lg_duration *)period);
}

static void reset_nothing(void *period)
{
    lg_ticker_reset(NULL, *(const lg_duration *)period);
}

static void channel_of_nothing(void *period)
{
    (void)period;
    (void)lg_ticker_channel(NULL);
}

START_TEST(misuse_panics)
{
    static const struct {
        void (*work)(void *);
        const lg_duration *period;
        const char *message;
    } misuses[] = {
        {make_with, &zero, "lg_ticker_new: the period must be more than 0"},
        {make_with, &negative, "lg_ticker_new: the period must be more than 0"},
        {reset_to, &zero, "lg_ticker_reset: the period must be more than 0"},
        {reset_to, &negative, "lg_ticker_reset: the period must be more than 0"},
        {reset_nothing, &second, "lg_ticker_reset: no ticker (NULL)"},
        {channel_of_nothing, &second, "lg_ticker_channel: no ticker (NULL)"},
    };
    for (size_t i = 0; i < sizeof(misuses) / sizeof(misuses[0]); i++) {
        struct outcome *outcome = in_child(misuses[i].work, (void *)(uintptr_t)misuses[i].period);
        expect_status(outcome, 2);
        expect_in_err(outcome, misuses[i].message);
    }
    lg_ticker_stop(NULL);
    lg_ticker_free(NULL);
}
END_TEST

RUN_TESTS("ticker", ticks_come_with_every_period, ticks_do_not_drift,
          ticks_are_dropped_for_a_slow_receiver, late_ticks_are_dropped_too,
          the_shortest_and_the_longest_period, several_receivers_share_a_tickers_ticks,
          a_select_waits_for_ticks, a_goroutine_that_never_waits_sees_ticks,
          stop_ends_the_loops_over_it, a_stopped_ticker_may_start_again,
          free_ends_the_loops_over_it, a_tickers_channel_that_was_closed, P1_a_panic_frees_a_ticker,
          misuse_panics)
