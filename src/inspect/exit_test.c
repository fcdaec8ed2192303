/* lg_exit with goroutines: all are unwound first, within a limited time (D10, G4). */
#include "testing/exit.h"

static struct lgi_done never;

static void waits_for_ever(void)
{
    lg_defer(slow_cleanup);
    count(&entered);
    struct lgi_g *g = lgi_self();
    lgi_wait_begin(g, "never");
    lg_until end = {LG_DURATION_MAX, &never};
    uint32_t claim = lgi_park(g, end);
    (void)lgi_wait_failed(claim, end);
    tell("woken");
}

static void waits_for_a_descriptor(int fd)
{
    lg_defer(slow_cleanup);
    count(&entered);
    short revents;
    lg_error *error = lgi_wait_fd(fd, POLLIN, lg_until_forever(), &revents);
    ck_assert_ptr_null(error);
    tell("woken");
}

static void waits_for_a_group(lg_waitgroup *group)
{
    lg_defer(slow_cleanup);
    count(&entered);
    lg_waitgroup_wait(group);
    tell("woken");
}

static void yields(void)
{
    lg_defer(slow_cleanup);
    count(&entered);
    for (;;)
        lg_yield();
}

static void exits(void *data)
{
    int fds[2];
    static lg_waitgroup group;
    set_workers((unsigned)(uintptr_t)data);
    ck_assert_int_eq(pipe(fds), 0);
    lg_waitgroup_add(&group, 1);
    atexit(at_exit);
    lg_defer(tell, "main");
    for (int i = 0; i < 5; i++) {
        lg_go(sleeps);
        lg_go(waits_for_ever);
        lg_go(waits_for_a_descriptor, fds[0]);
        lg_go(waits_for_a_group, &group);
        lg_go(yields);
    }
    lg_go_thread(sleeps);
    lg_go_thread(waits_for_ever);
    lg_go_thread(waits_for_a_descriptor, fds[0]);
    lg_go_thread(waits_for_a_group, &group);
    until(&entered, 29);
    lg_exit(5);
}

START_TEST(D10_all_goroutines_are_unwound_first)
{
    for (uintptr_t workers = 1; workers <= 8; workers *= 2) {
        struct outcome *outcome = in_child(exits, (void *)workers);
        expect_status(outcome, 5);
        expect_out(outcome, "main ran:29 ");
        ck_assert_str_eq(outcome->err, "");
    }
}
END_TEST

static void a_goroutine_exits(void *data)
{
    set_workers((unsigned)(uintptr_t)data);
    atexit(at_exit);
    for (int i = 0; i < 10; i++)
        lg_go(sleeps);
    until(&entered, 10);
    lg_go(calls_exit, 7);
    lg_sleep(LG_HOUR);
}

static void a_thread_exits(void *data)
{
    set_workers((unsigned)(uintptr_t)data);
    atexit(at_exit);
    for (int i = 0; i < 10; i++)
        lg_go(sleeps);
    until(&entered, 10);
    lg_go_thread(calls_exit, 7);
    lg_sleep(LG_HOUR);
}

static void many_exit(void *data)
{
    set_workers((unsigned)(uintptr_t)data);
    atexit(at_exit);
    for (int i = 0; i < 5; i++) {
        lg_go(calls_exit, 7);
        lg_go_thread(calls_exit, 7);
    }
    lg_sleep(LG_HOUR);
}

START_TEST(D10_any_goroutine_may_call_it)
{
    for (uintptr_t workers = 1; workers <= 8; workers *= 2) {
        struct outcome *outcome = in_child(a_goroutine_exits, (void *)workers);
        expect_status(outcome, 7);
        expect_out(outcome, "ran:11 ");
        outcome = in_child(a_thread_exits, (void *)workers);
        expect_status(outcome, 7);
        expect_out(outcome, "ran:11 ");
        outcome = in_child(many_exit, (void *)workers);
        expect_status(outcome, 7);
        ck_assert_str_eq(outcome->err, "");
    }
}
END_TEST

static void exits_while_a_thread_begins(void *unused)
{
    (void)unused;
    threads_are_late = true;
    atexit(at_exit);
    lg_go_thread(sleeps);
    lg_exit(5);
}

START_TEST(D10_a_thread_that_just_begins_is_unwound_too)
{
    struct outcome *outcome = in_child(exits_while_a_thread_begins, NULL);
    expect_status(outcome, 5);
    expect_out(outcome, "ran:1 ");
    ck_assert_str_eq(outcome->err, "");
}
END_TEST

/* Its last wait was for a channel that is gone, and whose memory is used for something else. */
static int unused; /* channels, by main; atomic */

static void yields_after_a_wait(void *channel, int number)
{
    lg_defer(count, &ran);
    lg_chan_recv((lg_chan(int))channel, NULL);
    until(&unused, number + 1);
    lg_chan_unref(channel);
    void *volatile reused = malloc(sizeof(struct lgi_chan));
    memset(reused, 0xff, sizeof(struct lgi_chan));
    count(&entered);
    for (;;)
        lg_yield();
}

static void exits_after_waits(void *data)
{
    enum { MANY = 20 };
    set_workers((unsigned)(uintptr_t)data);
    atexit(at_exit);
    for (int i = 0; i < MANY; i++) {
        lg_chan(int) channel = lg_chan_make(int, 0);
        lg_go(yields_after_a_wait, (void *)lg_chan_ref(channel), i);
        while (lgi_waiters_empty(&((struct lgi_chan *)channel)->receivers))
            usleep(10);
        lg_chan_send(channel, i);
        lg_chan_unref(channel);
        count(&unused);
    }
    until(&entered, MANY);
    lg_exit(5);
}

START_TEST(D10_what_a_goroutine_waited_for_before_may_be_gone)
{
    for (uintptr_t workers = 1; workers <= 8; workers *= 2) {
        struct outcome *outcome = in_child(exits_after_waits, (void *)workers);
        expect_status(outcome, 5);
        expect_out(outcome, "ran:20 ");
    }
}
END_TEST

/* A process that ends when this one does. */
static void start_child(void)
{
    int ends[2];
    pid_t child;
    char name[] = "cat", *const arguments[] = {name, NULL};
    posix_spawn_file_actions_t actions;
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
    posix_spawn_file_actions_addclose(&actions, STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, STDERR_FILENO);
    ck_assert_int_eq(posix_spawnp(&child, name, &actions, NULL, arguments, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
}

static void exits_with_a_child(void)
{
    start_child();
    lg_exit(7);
}

static void a_thread_with_a_child_exits(void *data)
{
    (void)data;
    lg_go_thread(exits_with_a_child);
    lg_sleep(LG_HOUR);
}

START_TEST(D10_a_child_does_not_hold_up_the_exit_of_its_thread)
{
    struct outcome *outcome = in_child(a_thread_with_a_child_exits, NULL);
    expect_status(outcome, 7);
    ck_assert_str_eq(outcome->err, "");
}
END_TEST

/* ---- those that never start ---- */

static void dropped(int *argument)
{
    count(argument);
}

static void takes(int *argument)
{
    (void)argument;
    tell("started");
}

static int drops;

static void makes_unstarted(void)
{
    for (int i = 0; i < 100; i++)
        lg_go_owned(takes, &drops, dropped);
    lg_exit(3);
}

static void tell_drops(void)
{
    char text[32];
    snprintf(text, sizeof(text), "drops:%d", __atomic_load_n(&drops, __ATOMIC_SEQ_CST));
    tell(text);
}

static void unstarted(void *data)
{
    (void)data;
    set_workers(1);
    atexit(tell_drops);
    lg_go(makes_unstarted);
    lg_sleep(LG_HOUR);
}

START_TEST(G4_those_that_have_not_started_are_dropped)
{
    struct outcome *outcome = in_child(unstarted, NULL);
    expect_status(outcome, 3);
    expect_out(outcome, "drops:100 ");
}
END_TEST

static void starts_more(void)
{
    lg_go_owned(takes, &drops, dropped);
    lg_go_with(((lg_go_options){.thread = true, .free = (void (*)(void *))(void (*)(void))dropped}),
               takes, &drops);
}

static void starts_more_when_it_ends(void)
{
    lg_defer(starts_more);
    count(&entered);
    lg_sleep(LG_HOUR);
}

static void more_at_the_end(void *data)
{
    set_workers((unsigned)(uintptr_t)data);
    atexit(tell_drops);
    for (int i = 0; i < 10; i++)
        lg_go(starts_more_when_it_ends);
    until(&entered, 10);
    lg_exit(0);
}

START_TEST(G4_what_is_started_during_the_exit_is_dropped)
{
    for (uintptr_t workers = 1; workers <= 8; workers *= 2) {
        struct outcome *outcome = in_child(more_at_the_end, (void *)workers);
        expect_status(outcome, 0);
        expect_out(outcome, "drops:20 ");
    }
}
END_TEST

/* ---- those that do not end ---- */

static void cleanup_that_waits_for_ever(void)
{
    struct lgi_g *g = lgi_self();
    lgi_wait_begin(g, "a cleanup's wait");
    (void)lgi_park(g, (lg_until){LG_DURATION_MAX, &never});
}

static void never_cleaned_up(void)
{
    lg_defer(cleanup_that_waits_for_ever);
    count(&entered);
    lg_sleep(LG_HOUR);
}

static void with_some_that_stay(void *data)
{
    set_workers((unsigned)(uintptr_t)data);
    lg_set_exit_timeout(200 * LG_MILLISECOND);
    atexit(at_exit);
    lg_go(computes);
    lg_go_thread(never_cleaned_up);
    until(&entered, 2);
    lg_exit(6);
}

START_TEST(those_that_do_not_end_in_time_are_named)
{
    for (uintptr_t workers = 1; workers <= 4; workers *= 2) {
        lg_time begun = lg_now();
        struct outcome *outcome = in_child(with_some_that_stay, (void *)workers);
        ck_assert_int_ge(lg_now() - begun, 200 * LG_MILLISECOND);
        expect_status(outcome, 6);
        expect_out(outcome, "ran:0 ");
        expect_in_err(outcome, "lg_exit has waited 200ms for goroutines that do not end:\n");
        expect_in_err(outcome, ", computes, started at ");
        expect_in_err(outcome, "is running\n");
        expect_in_err(outcome, ", never_cleaned_up, started at ");
        expect_in_err(outcome, "waits for a cleanup's wait\n");
    }
}
END_TEST

/* The others do not have to wait for a worker that is kept busy: here it is the worker that waits for them. */
static void computes_until_all_ran(void)
{
    count(&entered);
    until(&ran, 10);
}

static void one_busy_worker(void *data)
{
    (void)data;
    set_workers(2);
    lg_set_exit_timeout(LG_MINUTE);
    atexit(at_exit);
    lg_go(computes_until_all_ran);
    until(&entered, 1);
    for (int i = 0; i < 10; i++)
        lg_go(sleeps);
    until(&entered, 11);
    lg_exit(6);
}

START_TEST(a_busy_worker_does_not_hold_up_the_others)
{
    struct outcome *outcome = in_child(one_busy_worker, NULL);
    expect_status(outcome, 6);
    ck_assert_ptr_nonnull(strstr(outcome->out, "ran:10"));
    ck_assert_str_eq(outcome->err, "");
}
END_TEST

static void without_patience(void *data)
{
    (void)data;
    lg_set_exit_timeout(0);
    lg_go(computes);
    until(&entered, 1);
    lg_exit(6);
}

START_TEST(no_patience)
{
    struct outcome *outcome = in_child(without_patience, NULL);
    expect_status(outcome, 6);
    expect_in_err(outcome, ", computes, started at ");
}
END_TEST

RUN_TESTS("exit", D10_all_goroutines_are_unwound_first, D10_any_goroutine_may_call_it,
          D10_a_thread_that_just_begins_is_unwound_too,
          D10_what_a_goroutine_waited_for_before_may_be_gone,
          D10_a_child_does_not_hold_up_the_exit_of_its_thread,
          G4_those_that_have_not_started_are_dropped, G4_what_is_started_during_the_exit_is_dropped,
          those_that_do_not_end_in_time_are_named, a_busy_worker_does_not_hold_up_the_others,
          no_patience)
