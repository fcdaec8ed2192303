/* Tests of many timers at once. Rules are those of docs/rules.md. */
#include "testing/timer_calls.h"

/* ---- many ---- */

START_TEST(a_million_timers_may_be_pending)
{
#if defined(HAS_SANITIZER)
    enum { COUNT = 100000 };
#else
    enum { COUNT = 1000000 };
#endif
    lg_timer **timers = calloc(COUNT, sizeof(lg_timer *));
    ck_assert_ptr_nonnull(timers);
    lg_time begin = lg_now();
    for (int i = 0; i < COUNT; i++)
        timers[i] = lg_timer_new(LG_HOUR + i * 7919LL % 1000003 * US);
    lg_time started = lg_now();
    /* One more is on time. */
    lg_time time, start = lg_now();
    lg_timer *soon = lg_timer_new(MS);
    ck_assert(lg_chan_recv(lg_timer_channel(soon), &time));
    ck_assert_int_ge(time, start + MS);
    ck_assert_int_lt(time, start + LG_HOUR); /* not with the others */
    lg_timer_free(soon);
    lg_time before_stop = lg_now();
    for (int i = 0; i < COUNT; i++)
        hold(lg_timer_stop(timers[i]));
    lg_time stopped_at = lg_now();
    for (int i = 0; i < COUNT; i++)
        lg_timer_free(timers[i]);
    free(timers);
    printf("%d timers: made in %lld ns each, stopped in %lld\n", COUNT,
           (long long)(started - begin) / COUNT, (long long)(stopped_at - before_stop) / COUNT);
}
END_TEST

START_TEST(a_hundred_thousand_that_fire_at_once)
{
    enum { COUNT = 100000 };
    lg_timer **timers = calloc((size_t)2 * COUNT, sizeof(lg_timer *));
    ck_assert_ptr_nonnull(timers);
    for (size_t i = 0; i < COUNT; i++) {
        timers[2 * i] = lg_timer_new(20 * MS);
        timers[2 * i + 1] = lg_timer_new_func(20 * MS, note_call, 1, 0L, "");
    }
    wait_for_calls(COUNT);
    for (size_t i = 0; i < COUNT; i++)
        ck_assert(lg_chan_recv(lg_timer_channel(timers[2 * i]), NULL));
    for (int i = 0; i < 2 * COUNT; i++) {
        ck_assert(!lg_timer_stop(timers[i]));
        lg_timer_free(timers[i]);
    }
    free(timers);
    ck_assert_int_eq(atomic_load(&calls), COUNT);
}
END_TEST

/* A stop that says that it came too late has a time, or a call, to show for it; and otherwise there is none. */
static void race_stops(void)
{
    lg_timer *timer = lg_timer_new(LONG);
    lg_defer(lg_timer_free, timer);
    lg_chan(lg_time) channel = lg_timer_channel(timer);
    for (int i = 0; i < 3000; i++) {
        lg_timer_reset(timer, i % 50 * US);
        if (i % 2 == 0) {
            bool received = !lg_chan_try_recv(channel, NULL);
            hold(lg_timer_stop(timer) != received);
        } else {
            lg_error *error = lg_chan_recv_until(channel, NULL, lg_until_timeout(i % 50 * US));
            hold(lg_timer_stop(timer) == (error != NULL));
        }
        hold(lg_chan_try_recv(channel, NULL) == &lg_error_deadline_exceeded);
    }
}

static void add_one(atomic_int *count)
{
    atomic_fetch_add(count, 1);
}

static void race_functions(void)
{
    for (int i = 0; i < 1500; i++) {
        atomic_int *count = calloc(1, sizeof(*count));
        hold(count != NULL);
        lg_defer(free, count);
        lg_timer *timer = lg_timer_new_func(i % 40 * US, add_one, count);
        lg_defer(lg_timer_free, timer);
        if (i % 3 == 0)
            lg_yield();
        int begun = 0;
        for (int k = 0; k < 3; k++) {
            begun += !(k < 2 ? lg_timer_reset(timer, 10 * US * k) : lg_timer_stop(timer));
            if (i % 2 == 0)
                spin_until(lg_now() + 10 * US);
        }
        lg_time limit = lg_now() + PATIENCE;
        while (atomic_load(count) < begun) {
            hold(lg_now() < limit);
            lg_sleep(10 * US);
        }
        hold(atomic_load(count) == begun);
    }
}

/* Of two timers that are due at the same time, the one that was not received can always be stopped. */
static void race_two(void)
{
    for (int i = 0; i < 300; i++) {
        lg_timer *timers[2] = {lg_timer_new(50 * US), lg_timer_new(50 * US)};
        lg_defer(lg_timer_free, timers[0]);
        lg_defer(lg_timer_free, timers[1]);
        size_t first = lg_select(lg_case_recv(lg_timer_channel(timers[0]), NULL, NULL),
                                 lg_case_recv(lg_timer_channel(timers[1]), NULL, NULL));
        hold(i % 2 == 0 ? lg_timer_stop(timers[1 - first])
                        : lg_timer_reset(timers[1 - first], LONG));
        hold(!lg_timer_stop(timers[first]));
    }
}

static lg_timer *shared;

/* Everybody resets, stops and receives from one timer. */
static void share(void)
{
    uint64_t random = lg_goroutine_id() + 1;
    lg_chan(lg_time) channel = lg_timer_channel(shared);
    int received = 0;
    for (int i = 0; i < 5000 || received == 0; i++) {
        random = random * 6364136223846793005U + 1442695040888963407U;
        switch (random >> 60) {
        case 0:
        case 1: lg_timer_stop(shared); break;
        case 2: lg_yield(); break;
        case 3:
        case 4: received += !lg_chan_recv_until(channel, NULL, lg_until_timeout(10 * US)); break;
        case 5:
        case 6:
        case 7: received += !lg_chan_try_recv(channel, NULL); break;
        default: lg_timer_reset(shared, (lg_duration)(random >> 40 & 0x3fff));
        }
    }
}

static void stress_with(unsigned workers)
{
    all_at_once(workers, 8, race_stops);
    all_at_once(workers, 8, race_functions);
    all_at_once(workers, 8, race_two);
    shared = lg_timer_new(1);
    all_at_once(workers, 16, share);
    lg_timer_free(shared);
}

START_TEST(stress_on_one_worker)
{
    stress_with(1);
}
END_TEST

START_TEST(stress_on_two_workers)
{
    stress_with(2);
}
END_TEST

START_TEST(stress_on_eight_workers)
{
    stress_with(8);
}
END_TEST

RUN_TESTS("timer_stress", a_million_timers_may_be_pending, a_hundred_thousand_that_fire_at_once,
          stress_on_one_worker, stress_on_two_workers, stress_on_eight_workers)
