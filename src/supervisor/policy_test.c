/* U3, U4: counted restarts and waits, compared with a plain model of them. Times are given, so nothing here waits. */
#include "testing/test.h"

#include "supervisor/policy.h"

static uint64_t state = 1;

static uint64_t draw(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* ---- U3: at most `size` restarts within a time ---- */

enum { MOST = 6, STEPS = 400 };

/* All restarts that ever counted; those that still do are counted by looking at each. */
static struct {
    lg_time times[STEPS];
    unsigned count;
} model;

static unsigned still_count(lg_time now, lg_duration within)
{
    unsigned count = 0;
    for (unsigned i = 0; i < model.count; i++)
        count += now - model.times[i] < within;
    return count;
}

static void compare(struct lgi_restarts *restarts, lg_time now, lg_duration within, bool limited)
{
    unsigned before = still_count(now, within);
    bool refused = limited && before >= restarts->size;
    if (!limited && before >= restarts->size)
        before = restarts->size - 1;
    ck_assert_int_eq(lgi_restarts_count(restarts, now, within, limited),
                     refused ? -1 : (int)before);
    if (!refused)
        model.times[model.count++] = now;
}

static void run_step(unsigned size, bool limited)
{
    lg_time times[MOST], now = (lg_time)(draw() % 1000);
    struct lgi_restarts restarts = {.times = times, .size = size};
    lg_duration within = 1 + (lg_duration)(draw() % 50);
    model.count = 0;
    for (unsigned step = 0; step < STEPS; step++) {
        now += (lg_duration)(draw() % (draw() % 4 == 0 ? 40 : 4));
        compare(&restarts, now, within, limited);
    }
}

START_TEST(u3_counts_as_a_plain_model_does)
{
    for (unsigned round = 0; round < 200; round++) {
        for (unsigned size = 1; size <= MOST; size++) {
            run_step(size, true);
            run_step(size, false);
        }
    }
}
END_TEST

START_TEST(u3_the_last_one_too_many_and_the_first_of_the_next_time)
{
    lg_time times[2];
    struct lgi_restarts restarts = {.times = times, .size = 2};
    ck_assert_int_eq(lgi_restarts_count(&restarts, 0, 10, true), 0);
    ck_assert_int_eq(lgi_restarts_count(&restarts, 5, 10, true), 1);
    ck_assert_int_eq(lgi_restarts_count(&restarts, 9, 10, true), -1);
    ck_assert_int_eq(lgi_restarts_count(&restarts, 10, 10, true), 1);
    ck_assert_int_eq(lgi_restarts_count(&restarts, 14, 10, true), -1);
    ck_assert_int_eq(lgi_restarts_count(&restarts, 25, 10, true), 0);
    ck_assert_int_eq(lgi_restarts_count(&restarts, LG_TIME_MAX, LG_DURATION_MAX, true), 1);
}
END_TEST

/* ---- U4: the wait doubles, has a limit, and is drawn between half of it and all ---- */

static void expect_between(lg_duration backoff, lg_duration most, unsigned before,
                           lg_duration longest)
{
    lg_duration least = longest - longest / 2;
    ck_assert_int_eq(lgi_restart_delay(backoff, most, before, 0), longest);
    ck_assert_int_eq(lgi_restart_delay(backoff, most, before, (uint64_t)(longest / 2)), least);
    for (int i = 0; i < 100; i++) {
        lg_duration delay = lgi_restart_delay(backoff, most, before, draw());
        ck_assert_int_ge(delay, least);
        ck_assert_int_le(delay, longest);
    }
}

START_TEST(u4_the_wait_doubles_up_to_its_limit)
{
    const lg_duration ms = LG_MILLISECOND;
    expect_between(100 * ms, LG_SECOND, 0, 100 * ms);
    expect_between(100 * ms, LG_SECOND, 1, 200 * ms);
    expect_between(100 * ms, LG_SECOND, 3, 800 * ms);
    expect_between(100 * ms, LG_SECOND, 4, LG_SECOND);
    expect_between(100 * ms, LG_SECOND, 4000000000U, LG_SECOND);
    expect_between(1, LG_DURATION_MAX, 62, (lg_duration)1 << 62);
    expect_between(1, LG_DURATION_MAX, 63, LG_DURATION_MAX);
    expect_between(3, LG_DURATION_MAX, 200, LG_DURATION_MAX);
    expect_between(LG_MINUTE, LG_SECOND, 0, LG_SECOND);
    expect_between(1, 1, 5, 1);
}
END_TEST

START_TEST(u4_waits_differ)
{
    lg_duration first = lgi_restart_delay(LG_SECOND, LG_MINUTE, 0, draw());
    int others = 0;
    for (int i = 0; i < 100; i++)
        others += lgi_restart_delay(LG_SECOND, LG_MINUTE, 0, draw()) != first;
    ck_assert_int_gt(others, 90);
}
END_TEST

START_TEST(u4_without_a_back_off_nothing_waits)
{
    ck_assert_int_eq(lgi_restart_delay(0, LG_SECOND, 3, draw()), 0);
    ck_assert_int_eq(lgi_restart_delay(-1, LG_SECOND, 0, draw()), 0);
}
END_TEST

RUN_TESTS("supervisor-policy", u3_counts_as_a_plain_model_does,
          u3_the_last_one_too_many_and_the_first_of_the_next_time,
          u4_the_wait_doubles_up_to_its_limit, u4_waits_differ, u4_without_a_back_off_nothing_waits)
