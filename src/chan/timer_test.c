/* Tests of timers. The facts are those of Go 1.23's time package, where it has them. */
#include "testing/timer.h"
#include "testing/virtual.h"

#include "testing/failing_malloc.h"

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

/* ---- that call ---- */

static atomic_int calls, arguments;
static _Atomic uint64_t called_by;

static void note_call(int a, long b, const char *c)
{
    atomic_store(&called_by, lg_goroutine_id());
    atomic_fetch_add(&arguments, a + (int)b + (int)strlen(c));
    atomic_fetch_add(&calls, 1);
}

static void wait_for_calls(int count)
{
    lg_time limit = lg_now() + PATIENCE;
    while (atomic_load(&calls) < count) {
        hold(lg_now() < limit);
        lg_sleep(100 * US);
    }
}

static void functions(void)
{
    atomic_store(&calls, 0);
    atomic_store(&arguments, 0);
    lg_time start = lg_now();
    lg_timer *timer = lg_timer_new_func(2 * MS, note_call, 1, 20L, "abc");
    lg_defer(lg_timer_free, timer);
    hold(lg_timer_channel(timer) == NULL);
    hold(atomic_load(&calls) == 0 || lg_now() >= start + 2 * MS);
    wait_for_calls(1);
    hold(lg_now() >= start + 2 * MS);
    hold(atomic_load(&arguments) == 24);
    hold(atomic_load(&called_by) != 0 && atomic_load(&called_by) != lg_goroutine_id());
    hold(!lg_timer_stop(timer)); /* it was begun */

    hold(!lg_timer_reset(timer, MS)); /* one call more */
    wait_for_calls(2);
    hold(!lg_timer_reset(timer, LONG));
    hold(lg_timer_reset(timer, LONG));
    hold(lg_timer_reset(timer, MS)); /* the same one */
    wait_for_calls(3);
    hold(!lg_timer_reset(timer, LONG));
    hold(lg_timer_stop(timer));
    hold(!lg_timer_stop(timer));
    lg_sleep(2 * MS);
    hold(atomic_load(&calls) == 3);
    hold(!lg_timer_reset(timer, 0));
    wait_for_calls(4);
    hold(!lg_timer_reset(timer, LONG)); /* freed while it is pending */
}

START_TEST(a_function_is_called_in_a_goroutine_of_its_own)
{
    everywhere(functions);
}
END_TEST

static lg_timer *again;

static void call_again(void)
{
    if (atomic_fetch_add(&calls, 1) < 200)
        lg_timer_reset(again, atomic_load(&calls) % 3 * 10 * US);
}

START_TEST(a_function_may_reset_its_own_timer)
{
    again = lg_timer_new_func(LONG, call_again);
    lg_timer_reset(again, 0);
    wait_for_calls(201);
    lg_timer_free(again);
    ck_assert_int_eq(atomic_load(&calls), 201);
}
END_TEST

static void free_again(void)
{
    lg_timer_free(again);
    atomic_fetch_add(&calls, 1);
}

START_TEST(a_function_may_free_its_own_timer)
{
    again = lg_timer_new_func(LONG, free_again);
    lg_timer_reset(again, 0);
    wait_for_calls(1);
}
END_TEST

/* A function that waits holds up nobody. */
static lg_chan(int) gate;

static void pass_gate(void)
{
    lg_chan_recv(gate, NULL);
    atomic_fetch_add(&calls, 1);
}

START_TEST(a_function_may_wait)
{
    enum { COUNT = 100 };
    lg_timer *timers[COUNT];
    gate = lg_chan_make(int, 0);
    for (int i = 0; i < COUNT; i++)
        timers[i] = lg_timer_new_func(100 * US * (i % 5), pass_gate);
    lg_sleep(5 * MS);
    ck_assert_int_eq(atomic_load(&calls), 0);
    lg_chan_close(gate);
    wait_for_calls(COUNT);
    for (int i = 0; i < COUNT; i++) {
        ck_assert(!lg_timer_stop(timers[i]));
        lg_timer_free(timers[i]);
    }
    lg_chan_unref(gate);
}
END_TEST

/* Functions that are always due keep no goroutine from running, nor the other way round. */
static atomic_bool enough;
static atomic_int rounds;

static void always_due(void)
{
    atomic_fetch_add(&calls, 1);
    if (!atomic_load(&enough))
        lg_timer_reset(again, 0);
}

static void always_running(void)
{
    while (!atomic_load(&enough)) {
        lg_yield();
        atomic_fetch_add(&rounds, 1);
    }
    lg_chan_send(finished, 1);
}

START_TEST(functions_and_goroutines_do_not_starve_each_other)
{
    ck_assert_ptr_null(lg_set_workers(1));
    finished = lg_chan_make(int, 0);
    again = lg_timer_new_func(LONG, always_due);
    lg_timer_reset(again, 0);
    lg_go(always_running);
    while (atomic_load(&calls) < 100 || atomic_load(&rounds) < 100)
        lg_sleep(MS);
    atomic_store(&enough, true);
    ck_assert(lg_chan_recv(finished, NULL));
    lg_timer_free(again);
    lg_chan_unref(finished);
}
END_TEST

/* ---- the end ---- */

static void free_soon(lg_timer *timer)
{
    lg_sleep(2 * MS);
    lg_timer_free(timer);
}

static void waits_for_what_is_freed(void)
{
    lg_timer *timer = lg_timer_new(LONG);
    lg_chan(lg_time) channel = lg_chan_ref(lg_timer_channel(timer));
    lg_defer(lg_chan_unref, channel);
    lg_go(free_soon, timer);
    lg_time time = 1;
    hold(!lg_chan_recv(channel, &time)); /* it is told */
    hold(time == 0);
    hold(lg_chan_len(channel) == 0);
}

START_TEST(who_waits_for_a_timer_that_is_freed_is_told)
{
    everywhere(waits_for_what_is_freed);
}
END_TEST

/* P1 */
static void panics_with_timers(void)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_timer *timer = lg_timer_new(LONG);
        lg_defer(lg_timer_free, timer);
        lg_timer *call = lg_timer_new_func(LONG, note_call, 1, 2L, "");
        lg_defer(lg_timer_free, call);
        lg_panic("over");
    }
}

START_TEST(P1_a_panic_frees_timers)
{
    panics_with_timers();
    expect_trace("stopped: over");
}
END_TEST

static void reset_nothing(void *data)
{
    (void)data;
    lg_timer_reset(NULL, 1);
}

static void channel_of_nothing(void *data)
{
    (void)data;
    (void)lg_timer_channel(NULL);
}

static void call_nothing(void *data)
{
    void (*volatile function)(void) = NULL;
    (void)data;
    lg_timer_free(lg_timer_new_func(LONG, function));
}

START_TEST(misuse_panics)
{
    ck_assert(!lg_timer_stop(NULL));
    lg_timer_free(NULL);
    struct outcome *outcome = in_child(reset_nothing, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, "lg_timer_reset: no timer (NULL)");
    outcome = in_child(channel_of_nothing, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, "lg_timer_channel: no timer (NULL)");
    outcome = in_child(call_nothing, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, "timer for a NULL function");
}
END_TEST

static void panic_later(void *data)
{
    (void)data;
    lg_defer(tell, "main");
    lg_timer *timer = lg_timer_new_func(MS, panic_with, "in a timer's function");
    lg_defer(lg_timer_free, timer);
    lg_sleep(LONG);
}

/* P8 */
START_TEST(P8_a_functions_panic_ends_the_process)
{
    struct outcome *outcome = in_child(panic_later, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, "panic: in a timer's function");
    expect_out(outcome, "");
}
END_TEST

/* Out of memory: it panics, and nothing is lost or changed. */
static bool has_stopped;

static void note_stop(lg_panic_info *panic)
{
    has_stopped = lg_recover(panic);
}

static bool panics(void (*work)(lg_timer *), lg_timer *timer)
{
    lg_func_recovers (bool, panicked) {
        lg_defer_block {
            panicked = has_stopped;
        }
        has_stopped = false;
        lg_defer_recover(note_stop);
        work(timer);
        lg_return(false);
    }
}

static void make_timer(lg_timer *timer)
{
    (void)timer;
    lg_timer_free(lg_timer_new(LONG));
}

static void make_function(lg_timer *timer)
{
    (void)timer;
    lg_timer_free(lg_timer_new_func(LONG, call_again));
}

static void make_ticker(lg_timer *timer)
{
    (void)timer;
    lg_ticker_free(lg_ticker_new(LONG));
}

static void reset_function(lg_timer *timer)
{
    lg_timer_reset(timer, LONG);
}

START_TEST(D6_out_of_memory_nothing_is_lost)
{
    static void (*const works[])(lg_timer *) = {make_timer, make_function, make_ticker};
    if (!can_fail_allocations())
        return;
    make_function(NULL); /* what is made once */
    for (size_t i = 0; i < sizeof(works) / sizeof(works[0]); i++) {
        long failing = 1;
        for (;; failing++) {
            memory_watch(failing, false);
            bool panicked = panics(works[i], NULL);
            memory_ignore();
            ck_assert_int_eq(memory.live, 0);
            ck_assert_int_eq(panicked, memory.failed > 0);
            if (memory.failed == 0)
                break;
        }
        ck_assert_int_ge(failing, 2);
    }
    gate = lg_chan_make(int, 0);
    lg_chan_close(gate);
    lg_timer *timer = lg_timer_new_func(0, pass_gate);
    wait_for_calls(1);
    memory_watch(1, true);
    bool panicked = panics(reset_function, timer);
    memory_ignore();
    ck_assert(panicked);
    ck_assert(!lg_timer_stop(timer));
    ck_assert(!lg_timer_reset(timer, 0));
    wait_for_calls(2);
    /* A pending one needs none: its goroutine is there. */
    ck_assert(!lg_timer_reset(timer, LONG));
    memory_watch(1, true);
    panicked = panics(reset_function, timer);
    memory_ignore();
    ck_assert(!panicked);
    ck_assert(lg_timer_stop(timer));
    lg_timer_free(timer);
    lg_chan_unref(gate);
}
END_TEST

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

RUN_TESTS("timer", a_timer_fires_once_and_not_early, nothing_or_less_is_at_once,
          what_overflows_is_never, what_is_stopped_is_not_received, reset_needs_no_draining,
          C9_waiting_for_a_timer_ends_with_the_deadline, a_timers_channel_has_room_for_one,
          the_time_is_when_it_fired, a_goroutine_that_never_waits_sees_it,
          after_arrives_in_the_order_of_time, after_may_be_dropped_before_it_fires,
          a_function_is_called_in_a_goroutine_of_its_own, a_function_may_reset_its_own_timer,
          a_function_may_free_its_own_timer, a_function_may_wait,
          functions_and_goroutines_do_not_starve_each_other,
          who_waits_for_a_timer_that_is_freed_is_told, P1_a_panic_frees_timers, misuse_panics,
          P8_a_functions_panic_ends_the_process, D6_out_of_memory_nothing_is_lost,
          a_million_timers_may_be_pending, a_hundred_thousand_that_fire_at_once,
          stress_on_one_worker, stress_on_two_workers, stress_on_eight_workers)
