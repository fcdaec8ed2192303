#include "testing/virtual.h"

#include "group/testing.h"

/* ---- the clock ---- */

static void sleep_and_note(int hours)
{
    lg_sleep(hours * LG_HOUR);
    note_number(hours);
}

START_VIRTUAL_TEST(V1_time_stands_still_and_jumps)
{
    lg_time start = lg_now();
    ck_assert_int_eq(start, 946684800 * LG_SECOND);
    for (int i = 0; i < 1000; i++)
        lg_yield();
    ck_assert_int_eq(lg_now(), start);
    for (int hours = 5; hours > 0; hours--)
        lg_go(sleep_and_note, hours);
    lg_sleep(3 * LG_HOUR + 1);
    expect_trace("1 2 3");
    ck_assert_int_eq(lg_since(start), 3 * LG_HOUR + 1);
    lg_sleep(20000 * LG_HOUR);
    expect_trace("4 5");
}

START_VIRTUAL_TEST(V1_timers_and_tickers_keep_exact_time)
{
    lg_time start = lg_now(), fired;
    lg_timer *timer = lg_timer_new(LG_MINUTE);
    lg_defer(lg_timer_free, timer);
    lg_ticker *ticker = lg_ticker_new(7 * LG_SECOND);
    lg_defer(lg_ticker_free, ticker);
    for (int tick = 1; tick <= 8; tick++) {
        ck_assert(lg_chan_recv(lg_ticker_channel(ticker), &fired));
        ck_assert_int_eq(fired - start, tick * 7 * LG_SECOND);
    }
    ck_assert(lg_chan_recv(lg_timer_channel(timer), &fired));
    ck_assert_int_eq(fired - start, LG_MINUTE);
    ck_assert_int_eq(lg_now(), fired);
    ck_assert(!lg_timer_reset(timer, LG_HOUR));
    ck_assert(lg_timer_stop(timer));
    lg_sleep(2 * LG_HOUR);
    ck_assert_int_eq(lg_chan_len(lg_timer_channel(timer)), 0);
}

START_VIRTUAL_TEST(V1_a_timer_of_no_time_is_due_now)
{
    lg_time start = lg_now(), fired;
    lgi_chan_of_times channel = lg_chan_after(0);
    lg_defer(lg_chan_unref, channel);
    ck_assert(lg_chan_try_recv(channel, &fired) == NULL);
    ck_assert_int_eq(fired, start);
    ck_assert_ptr_null(lg_sleep_until(0, lg_until_timeout(0)));
    ck_assert_int_eq(lg_now(), start);
}

/* One wait of each kind, with a limit. */
static lg_mutex held;
static lg_rwmutex held_too;
static lg_semaphore taken = LG_SEMAPHORE_INIT(0);
static lg_waitgroup unfinished;

static void hold(lg_chan(int) end)
{
    lg_mutex_lock(&held);
    lg_rwmutex_lock(&held_too);
    lg_chan_recv(end, NULL);
    lg_rwmutex_unlock(&held_too);
    lg_mutex_unlock(&held);
}

static lg_error *wait_in_way(int way, lg_until until)
{
    lg_chan(int) channel = lg_chan_make(int, 0);
    lg_defer(lg_chan_unref, channel);
    switch (way) {
    case 0: return lg_chan_recv_until(channel, NULL, until);
    case 1: return lg_chan_send_until(channel, 1, until);
    case 2: return lg_mutex_lock_until(&held, until);
    case 3: return lg_rwmutex_rlock_until(&held_too, until);
    case 4: return lg_rwmutex_lock_until(&held_too, until);
    case 5: return lg_semaphore_acquire_until(&taken, 1, until);
    case 6: return lg_waitgroup_wait_until(&unfinished, until);
    case 7: return lg_sleep_until(LG_HOUR, until);
    default:
        lg_select(lg_case_recv(channel, NULL, NULL), lg_case_until(until));
        return &lg_error_deadline_exceeded;
    }
}

START_VIRTUAL_TEST(V1_every_limit_is_on_the_clock)
{
    lg_chan(int) end = lg_chan_make(int, 0);
    lg_defer(lg_chan_unref, end);
    lg_waitgroup_add(&unfinished, 1);
    lg_go(hold, end);
    lg_test_wait();
    for (int way = 0; way <= 8; way++) {
        lg_time start = lg_now();
        lg_error *err = wait_in_way(way, lg_until_timeout(way * LG_SECOND));
        ck_assert_msg(lg_error_is(err, &lg_error_deadline_exceeded), "way %d", way);
        ck_assert_msg(lg_since(start) == way * LG_SECOND, "way %d", way);
        lg_error_free(err);
    }
    lg_chan_send(end, 0);
    lg_waitgroup_done(&unfinished);
}

START_VIRTUAL_TEST(V1_contexts_end_at_their_time)
{
    lg_time start = lg_now();
    lg_auto_context lg_context *ctx = lg_context_with_timeout(lg_context_background(),
                                                              5 * LG_SECOND, .name = "patience");
    lg_sleep(5 * LG_SECOND - 1);
    lg_test_wait();
    ck_assert_ptr_null(lg_context_error(ctx));
    lg_context_wait(ctx);
    ck_assert_int_eq(lg_since(start), 5 * LG_SECOND);
    ck_assert_ptr_eq(lg_context_error(ctx), &lg_error_deadline_exceeded);
}

/* ---- who belongs to the bubble ---- */

static void note_virtual(const char *word)
{
    note(lg_test_is_virtual() ? word : "outside");
}

static void member_of_a_thread(void)
{
    lg_sleep(LG_HOUR);
    note_virtual("thread");
}

START_VIRTUAL_TEST(V2_what_a_member_starts_is_a_member)
{
    lg_auto_context lg_context *ctx = lg_context_with_cancel(lg_context_background());
    lg_timer *timer = lg_timer_new_func(LG_MINUTE, note_virtual, "timer");
    lg_defer(lg_timer_free, timer);
    lg_context_on_done(ctx, note_virtual, "context");
    lg_go(note_virtual, "go");
    lg_test_wait();
    {
        lg_group_scope(group, NULL);
        lg_group_go(&group, note_virtual, "group");
    }
    lg_go_thread(member_of_a_thread);
    lg_sleep(2 * LG_MINUTE);
    lg_context_cancel(ctx);
    lg_sleep(2 * LG_HOUR);
    expect_trace("go group timer context thread");
}

START_TEST(V2_others_are_not_members)
{
    ck_assert(!lg_test_is_virtual());
    lg_time before = lg_now();
    expect_pass("time passes", V1_time_stands_still_and_jumps_virtually, NULL);
    ck_assert_int_lt(lg_since(before), LG_HOUR);
}
END_TEST

/* ---- durably blocked ---- */

static void hold_for_an_hour(lg_mutex *mutex)
{
    lg_mutex_lock(mutex);
    lg_sleep(LG_HOUR);
    lg_mutex_unlock(mutex);
}

START_VIRTUAL_TEST(V3_a_mutex_of_another_member_is_durable)
{
    lg_mutex mutex = {0};
    lg_time start = lg_now();
    lg_go(hold_for_an_hour, &mutex);
    lg_test_wait();
    lg_mutex_lock(&mutex);
    ck_assert_int_eq(lg_since(start), LG_HOUR);
    lg_mutex_unlock(&mutex);
}

/* What happens outside, told by the test's own thread. */
static struct {
    lg_mutex mutex;
    lg_chan(int) channel;
    int pipe[2];
    int done;
} outside;

static void lock_outsiders_mutex(void)
{
    lg_mutex_lock(&outside.mutex);
    lg_mutex_unlock(&outside.mutex);
}

static void receive_from_outside(void)
{
    int value;
    lg_chan_recv(outside.channel, &value);
}

static void select_from_outside(void)
{
    lg_chan(int) own = lg_chan_make(int, 0);
    lg_defer(lg_chan_unref, own);
    lg_select(lg_case_recv(own, NULL, NULL), lg_case_recv(outside.channel, NULL, NULL));
}

static void read_from_outside(void)
{
    char byte;
    size_t count;
    lg_error_free(lg_read(outside.pipe[0], &byte, 1, lg_until_timeout(LG_SECOND), &count));
}

static void block(void)
{
    char byte;
    (void)!lg_blocking(read, outside.pipe[0], &byte, 1);
}

static void wait_outside(void (*wait)(void))
{
    wait();
    __atomic_store_n(&outside.done, 1, __ATOMIC_RELEASE);
}

/* While a member waits for the outside, the sleep of another does not end. */
static void sleeps_meanwhile(lg_test *t, void *data)
{
    void (*const *wait)(void) = data;
    lg_time start = lg_now();
    lg_go(wait_outside, *wait);
    lg_sleep(LG_HOUR);
    ck_assert(__atomic_load_n(&outside.done, __ATOMIC_ACQUIRE));
    lg_test_check(t, lg_since(start) == LG_HOUR);
}

static void run_it(void (**wait)(void))
{
    expect_pass("sleeps meanwhile", sleeps_meanwhile, wait);
}

struct wanted {
    const char *what;
    bool found;
};

static bool compare(const lg_goroutine_info *info, void *data)
{
    struct wanted *wanted = data;
    wanted->found |= info->waits_for && strstr(info->waits_for, wanted->what);
    return true;
}

static bool somebody_waits_for(const char *what)
{
    struct wanted wanted = {what, false};
    ck_assert_ptr_null(lg_goroutine_visit(compare, &wanted));
    return wanted.found;
}

/* The member waits, as can be seen from outside; then release() lets it go on. */
static void expect_standstill(void (*wait)(void), const char *what, void (*release)(void))
{
    lg_waitgroup group = {0};
    __atomic_store_n(&outside.done, 0, __ATOMIC_RELEASE);
    lg_waitgroup_go(&group, run_it, &wait);
    while (!somebody_waits_for(what) || !somebody_waits_for("sleep"))
        lg_yield();
    release();
    lg_waitgroup_wait(&group);
}

static void unlock(void)
{
    lg_mutex_unlock(&outside.mutex);
}

static void send_one(void)
{
    lg_chan_send(outside.channel, 1);
}

static void write_byte(void)
{
    ck_assert_int_eq(write(outside.pipe[1], "x", 1), 1);
}

START_TEST(V3_what_waits_for_the_outside_is_not)
{
    outside.channel = lg_chan_make(int, 0);
    ck_assert_int_eq(pipe(outside.pipe), 0);
    lg_mutex_lock(&outside.mutex);
    expect_standstill(lock_outsiders_mutex, "mutex", unlock);
    expect_standstill(receive_from_outside, "receive", send_one);
    expect_standstill(select_from_outside, "select", send_one);
    expect_standstill(read_from_outside, "descriptor", write_byte);
    expect_standstill(block, "blocking call", write_byte);
    lg_chan_unref(outside.channel);
}
END_TEST

static void *write_when_noted(void *unused)
{
    lg_group_scope(group, NULL);
    lg_group_go(&group, run_it, &(void (*)(void)){read_from_outside});
    return unused;
}

/* The note goes to stderr, which is a pipe here. */
static void stand_still(void *unused)
{
    char note[4096] = "";
    size_t length = 0;
    int err[2];
    pthread_t thread;
    (void)unused;
    lgi_standstill_patience = LG_MILLISECOND;
    ck_assert_int_eq(pipe(outside.pipe), 0);
    ck_assert_int_eq(pipe(err), 0);
    dup2(err[1], STDERR_FILENO);
    ck_assert_int_eq(pthread_create(&thread, NULL, write_when_noted, NULL), 0);
    while (!strstr(note, "waits for descriptor"))
        ck_assert(drain(err[0], note, sizeof(note), &length));
    write_byte();
    pthread_join(thread, NULL);
    (void)!write(STDOUT_FILENO, note, length);
}

START_TEST(V8_a_standstill_is_noted)
{
    struct outcome *outcome = in_child(stand_still, NULL);
    expect_status(outcome, 0);
    ck_assert_ptr_nonnull(
        strstr(outcome->out, "the time of the test sleeps meanwhile stands still"));
    ck_assert_ptr_nonnull(strstr(outcome->out, "wait_outside, started at"));
    ck_assert_ptr_nonnull(strstr(outcome->out, "waits for descriptor"));
}
END_TEST

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

RUN_TESTS("virtual", G4_an_exit_drops_members_that_have_not_started,
          V5_of_many_that_are_blocked_some_are_named, V1_time_stands_still_and_jumps,
          V1_timers_and_tickers_keep_exact_time, V1_a_timer_of_no_time_is_due_now,
          V1_every_limit_is_on_the_clock, V1_contexts_end_at_their_time,
          V2_what_a_member_starts_is_a_member, V2_others_are_not_members,
          V3_a_mutex_of_another_member_is_durable, V3_what_waits_for_the_outside_is_not,
          V4_waits_until_the_others_are_blocked, V4_one_at_a_time_and_only_in_virtual_time,
          V5_a_deadlock_is_reported_and_ended, V5_what_cannot_be_ended_is_named_and_left,
          V6_goroutines_that_are_left_are_failures, V6_time_goes_on_in_what_the_test_defers,
          V6_failures_and_panics_are_those_of_any_test,
          V7_what_was_made_in_a_test_is_not_used_outside, V7_timers_of_outside_keep_their_clock,
          V2_virtual_time_is_not_nested, V8_a_standstill_is_noted)
