/* Tests of timers that call functions, and of the end of timers. Rules are those of docs/rules.md. */
#include "testing/timer_calls.h"

/* ---- that call ---- */

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

RUN_TESTS("timer_func", a_function_is_called_in_a_goroutine_of_its_own,
          a_function_may_reset_its_own_timer, a_function_may_free_its_own_timer,
          a_function_may_wait, functions_and_goroutines_do_not_starve_each_other,
          who_waits_for_a_timer_that_is_freed_is_told, P1_a_panic_frees_timers, misuse_panics,
          P8_a_functions_panic_ends_the_process, D6_out_of_memory_nothing_is_lost)
