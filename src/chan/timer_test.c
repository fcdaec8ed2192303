/* Tests of timers. The facts are those of Go 1.23's time package, where it has them. */
#include "testing/timer_calls.h"

/* ---- that send ---- */

static void fires_once(void)
{
    lg_time start = lg_now(), time = 0;
    lg_timer *timer = lg_timer_new(3 * MS);
    lg_defer(lg_timer_free, timer);
    lg_chan(lg_time) channel = lg_timer_channel(timer);
    hold(lg_chan_try_recv(channel, &time) || lg_now() >= start + 3 * MS);
    if (time == 0)
        hold(lg_chan_recv(channel, &time));
    hold(time >= start + 3 * MS); /* never early */
    hold(time <= lg_now());
    hold_nothing_comes(channel, 5 * MS);
}

START_TEST(a_timer_fires_once_and_not_early)
{
    everywhere(fires_once);
}
END_TEST

static void at_once(void)
{
    for (int i = 0; i < 2000; i++) {
        lg_time start = lg_now(), time;
        lg_timer *timer = lg_timer_new(i % 2 == 0 ? 0 : -i * LG_HOUR);
        lg_defer(lg_timer_free, timer);
        hold(lg_chan_recv(lg_timer_channel(timer), &time));
        hold(time >= start);
    }
    lg_timer *timer = lg_timer_new(LG_DURATION_MIN);
    lg_defer(lg_timer_free, timer);
    hold(lg_chan_recv(lg_timer_channel(timer), NULL));
}

START_TEST(nothing_or_less_is_at_once)
{
    everywhere(at_once);
}
END_TEST

START_TEST(what_overflows_is_never)
{
    static const lg_duration never[] = {LG_DURATION_MAX, LG_DURATION_MAX - 1,
                                        LG_DURATION_MAX / 2 + 1};
    for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
        lg_timer *timer = lg_timer_new(never[i]);
        hold_nothing_comes(lg_timer_channel(timer), 2 * MS);
        ck_assert(lg_timer_reset(timer, never[i]));
        ck_assert(lg_timer_stop(timer));
        ck_assert(!lg_timer_reset(timer, 0));
        ck_assert(lg_chan_recv(lg_timer_channel(timer), NULL));
        lg_timer_free(timer);
    }
}
END_TEST

static void stopped(void)
{
    lg_timer *timer = lg_timer_new(LONG);
    lg_defer(lg_timer_free, timer);
    lg_chan(lg_time) channel = lg_timer_channel(timer);
    hold(lg_timer_stop(timer));
    hold(!lg_timer_stop(timer));
    hold(lg_chan_try_recv(channel, NULL) == &lg_error_deadline_exceeded);

    /* It has fired, but nobody has received: nobody will. */
    hold(!lg_timer_reset(timer, 1));
    lg_sleep(2 * MS);
    hold(lg_timer_stop(timer));
    hold(lg_chan_try_recv(channel, NULL) == &lg_error_deadline_exceeded);
    hold(!lg_timer_stop(timer));
    hold_nothing_comes(channel, MS);

    hold(!lg_timer_reset(timer, 1));
    hold(lg_chan_recv(channel, NULL));
    hold(!lg_timer_stop(timer));
}

START_TEST(what_is_stopped_is_not_received)
{
    everywhere(stopped);
}
END_TEST

static void reset(void)
{
    lg_time time, start = lg_now();
    lg_timer *timer = lg_timer_new(LONG);
    lg_defer(lg_timer_free, timer);
    lg_chan(lg_time) channel = lg_timer_channel(timer);

    /* Sooner, later, and from when it had fired. */
    hold(lg_timer_reset(timer, MS));
    hold(lg_chan_recv(channel, &time));
    hold(time >= start + MS);
    hold(!lg_timer_reset(timer, MS));
    start = lg_now();
    hold(lg_timer_reset(timer, 4 * MS) || lg_now() >= start + MS);
    hold(lg_chan_recv(channel, &time));
    hold(time >= start + 4 * MS);

    /* What it has sent before is not received. */
    hold(!lg_timer_reset(timer, 1));
    lg_sleep(2 * MS);
    start = lg_now();
    hold(lg_timer_reset(timer, MS));
    hold(lg_chan_recv(channel, &time));
    hold(time >= start + MS);
    hold(!lg_timer_reset(timer, 1));
    lg_sleep(2 * MS);
    hold(lg_timer_reset(timer, LONG));
    hold(lg_chan_try_recv(channel, NULL) == &lg_error_deadline_exceeded);
    hold(lg_timer_stop(timer));
}

START_TEST(reset_needs_no_draining)
{
    everywhere(reset);
}
END_TEST

/* C9 */
static void not_for_ever(void)
{
    lg_timer *timer = lg_timer_new(LONG);
    lg_defer(lg_timer_free, timer);
    lg_error *error = lg_chan_recv_until(lg_timer_channel(timer), NULL, lg_until_timeout(MS));
    hold(lg_error_is(error, &lg_error_deadline_exceeded));
    lg_timer_reset(timer, MS);
    hold(!lg_chan_recv_until(lg_timer_channel(timer), NULL, lg_until_timeout(LONG)));
}

START_TEST(C9_waiting_for_a_timer_ends_with_the_deadline)
{
    everywhere(not_for_ever);
}
END_TEST

START_TEST(a_timers_channel_has_room_for_one)
{
    lg_timer *timer = lg_timer_new(1);
    lg_chan(lg_time) channel = lg_timer_channel(timer);
    ck_assert_uint_eq(lg_chan_cap(channel), 1);
    spin_until(lg_now() + 10 * US);
    ck_assert_uint_eq(lg_chan_len(channel), 1); /* whether or not a worker was there to see it */
    lg_timer_stop(timer);
    ck_assert_uint_eq(lg_chan_len(channel), 0);
    lg_timer_free(timer);
}
END_TEST

/* The time is when it fired, not when somebody came to receive. */
START_VIRTUAL_TEST(the_time_is_when_it_fired)
{
    lg_time start = lg_now(), time;
    lg_chan(lg_time) channel = lg_chan_after(MS);
    lg_defer(lg_chan_unref, channel);
    lg_sleep(20 * MS);
    ck_assert(lg_chan_recv(channel, &time));
    ck_assert_int_eq(time, start + MS);
}

/* A goroutine that looks again and again, and never lets others run, sees it: also on the only worker. */
static void looks_only(void)
{
    lg_timer *timer = lg_timer_new(2 * MS);
    lg_defer(lg_timer_free, timer);
    lg_chan(lg_time) channel = lg_timer_channel(timer);
    lg_duration time, limit = lg_now() + PATIENCE;
    while (lg_chan_try_recv(channel, &time) == &lg_error_deadline_exceeded)
        hold(lg_now() < limit);
    lg_timer_reset(timer, 2 * MS);
    while (lg_chan_len(channel) == 0)
        hold(lg_now() < limit);
    lg_timer_reset(timer, 2 * MS);
    while (lg_select(lg_case_recv(channel, &time, NULL), lg_case_default) != 0)
        hold(lg_now() < limit);
}

START_TEST(a_goroutine_that_never_waits_sees_it)
{
    everywhere(looks_only);
}
END_TEST

/* ---- after ---- */

struct awaited {
    int number;
    lg_chan(lg_time) after;
};

static lg_chan(int) arrived;

static void await(struct awaited *awaited)
{
    lg_defer(lg_chan_unref, awaited->after);
    lg_chan_recv(awaited->after, NULL);
    lg_chan_send(arrived, awaited->number);
}

START_VIRTUAL_TEST(after_arrives_in_the_order_of_time)
{
    static const int delays[] = {5, 3, 6, 6, 6, 1, 1, 2, 7, 9, 4, 8, 0};
    enum { COUNT = sizeof(delays) / sizeof(delays[0]) };
    struct awaited awaited[COUNT];
    arrived = lg_chan_make(int, 0);
    lg_defer(lg_chan_unref, arrived);
    lg_time start = lg_now();
    for (int i = 0; i < COUNT; i++) {
        awaited[i] = (struct awaited){delays[i], lg_chan_after(delays[i] * LG_HOUR)};
        lg_go(await, &awaited[i]);
    }
    for (int i = 0, number; i < COUNT; i++) {
        ck_assert(lg_chan_recv(arrived, &number));
        ck_assert_int_eq(lg_since(start), number * LG_HOUR);
    }
}

static void drop_early(void)
{
    for (int i = 0; i < 20000; i++) {
        lg_chan(lg_time) later = lg_chan_after(LONG), soon = lg_chan_after(i % 30 * US);
        if (i % 3 == 0)
            spin_until(lg_now() + i % 40 * US);
        lg_chan_unref(soon); /* it may just be firing */
        lg_chan_unref(later);
    }
}

START_TEST(after_may_be_dropped_before_it_fires)
{
    everywhere(drop_early);
}
END_TEST

RUN_TESTS("timer", a_timer_fires_once_and_not_early, nothing_or_less_is_at_once,
          what_overflows_is_never, what_is_stopped_is_not_received, reset_needs_no_draining,
          C9_waiting_for_a_timer_ends_with_the_deadline, a_timers_channel_has_room_for_one,
          the_time_is_when_it_fired, a_goroutine_that_never_waits_sees_it,
          after_arrives_in_the_order_of_time, after_may_be_dropped_before_it_fires)
