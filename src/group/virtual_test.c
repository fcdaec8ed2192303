/* Tests of virtual. */
#include "testing/sleepers.h"

/* ---- the clock ---- */

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

RUN_TESTS("virtual", V1_time_stands_still_and_jumps, V1_timers_and_tickers_keep_exact_time,
          V1_a_timer_of_no_time_is_due_now, V1_every_limit_is_on_the_clock,
          V1_contexts_end_at_their_time, V2_what_a_member_starts_is_a_member,
          V2_others_are_not_members, V3_a_mutex_of_another_member_is_durable,
          V3_what_waits_for_the_outside_is_not, V8_a_standstill_is_noted)
