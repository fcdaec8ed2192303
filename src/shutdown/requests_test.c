/* Tests of requests for a shutdown, and of misuse. Rules are those of docs/rules.md. */
#include "testing/shutdown.h"
#include <lifoguard/go.h>
#include <poll.h>

static const lg_shutdown_options quiet = {.no_signals = true};

/* ---- requests ---- */

START_TEST(S5_a_request_is_seen_in_every_way)
{
    lg_shutdown *s = new_shutdown(quiet);
    struct pollfd readable = {.fd = lg_shutdown_fd(s), .events = POLLIN};
    ck_assert(!lg_shutdown_is_requested(s));
    ck_assert_int_eq(poll(&readable, 1, 0), 0);
    lg_error *err = lg_shutdown_wait_until(s, lg_until_timeout(10 * MS));
    ck_assert(lg_error_is(err, &lg_error_deadline_exceeded));
    lg_shutdown_request(s, "because");
    lg_shutdown_request(s, "another reason"); /* forces nothing */
    lg_shutdown_wait(s);
    ok(lg_shutdown_wait_until(s, lg_until_timeout(0)));
    ck_assert(lg_shutdown_is_requested(s));
    ck_assert_int_eq(poll(&readable, 1, (int)(SOON / MS)), 1);
    ck_assert_int_eq(poll(&readable, 1, 0), 1);
    char text[128];
    lg_error_format(lg_context_cause(lg_shutdown_context(s)), text, sizeof(text));
    ck_assert_str_eq(text, "shutting down: because");
    ck_assert_int_eq(lg_shutdown_signal(s), 0);
    lg_shutdown_close(s, NULL);
}
END_TEST

static int woken, stopped;

static void waits_and_stops(lg_shutdown *s)
{
    lg_shutdown_wait(s);
    __atomic_fetch_add(&woken, 1, __ATOMIC_SEQ_CST);
    ok(lg_shutdown_stop(s));
    __atomic_fetch_add(&stopped, 1, __ATOMIC_SEQ_CST);
}

/* Goroutines wait for the request, and several for the end. */
START_TEST(S1_from_goroutines)
{
    struct act a = {.name = "a", .behaviour = NAPS, .nap = 20 * MS};
    for (unsigned workers = 1; workers <= 8; workers *= 2) {
        ok(lg_set_workers(workers));
        lg_shutdown *s = new_shutdown(quiet);
        woken = stopped = 0;
        add_act(s, &a, 0);
        for (int i = 0; i < 5; i++)
            lg_go(waits_and_stops, s);
        lg_go_thread(waits_and_stops, s);
        lg_sleep(5 * MS);
        ck_assert_int_eq(__atomic_load_n(&woken, __ATOMIC_SEQ_CST), 0);
        lg_shutdown_request(s, "now");
        for (int tries = 0; __atomic_load_n(&stopped, __ATOMIC_SEQ_CST) < 6; tries++) {
            ck_assert_int_lt(tries, 10000);
            lg_sleep(2 * MS);
        }
        expect_acts("a");
        lg_shutdown_close(s, NULL);
    }
}
END_TEST

/* A stop may use all of the library: its thread is one like any other. */
static void add_one(int *count)
{
    __atomic_fetch_add(count, 1, __ATOMIC_SEQ_CST);
}

static lg_error *stop_with_goroutines(void *argument, const lg_context *context)
{
    int *count = argument;
    for (int i = 0; i < 100; i++)
        lg_go(add_one, count);
    while (__atomic_load_n(count, __ATOMIC_SEQ_CST) < 100) {
        lg_error *err = lg_sleep_until(MS, lg_until_context(context));
        if (err)
            return err;
    }
    return NULL;
}

START_TEST(S4_a_stop_may_use_goroutines)
{
    int count = 0;
    lg_shutdown *s = new_shutdown(quiet);
    ok(lg_shutdown_add(s,
                       &(lg_stage){.name = "x", .stop = stop_with_goroutines, .argument = &count}));
    ck_assert_str_eq(stop_text(s), "no error");
    ck_assert_int_eq(count, 100);
    lg_shutdown_close(s, NULL);
}
END_TEST

/* ---- misuse ---- */

static lg_error *stop_that_stops(void *argument, const lg_context *context)
{
    (void)context;
    return lg_shutdown_stop(*(lg_shutdown **)argument);
}

START_TEST(S2_a_stop_that_would_wait_for_itself_panics)
{
    lg_shutdown *s = new_shutdown(quiet);
    ok(lg_shutdown_add(s, &(lg_stage){.name = "x", .stop = stop_that_stops, .argument = &s}));
    expect_text(stop_text(s), "would wait for itself");
    lg_shutdown_close(s, NULL);
}
END_TEST

static void adds_nothing(void *data)
{
    lg_shutdown *s = new_shutdown(quiet);
    ok(lg_shutdown_add(s, data));
}

START_TEST(S1_a_stage_without_a_stop_or_name_panics)
{
    lg_stage stages[] = {{.name = "x"}, {.stop = act_stop}};
    for (size_t i = 0; i < 2; i++) {
        struct outcome *outcome = in_child(adds_nothing, &stages[i]);
        expect_status(outcome, 2);
        expect_in_err(outcome, "a stage of a shutdown needs a name and a stop");
    }
}
END_TEST

static void stops_in_a_child(void *data)
{
    lg_error *err = NULL;
    lg_shutdown_close(data, &err);
    char text[256];
    lg_error_format(err, text, sizeof(text));
    tell(text);
    lg_error_free(err);
}

START_TEST(S2_a_forked_child_does_not_wait_for_ever)
{
    struct act a = {.name = "a"};
    lg_shutdown *s = new_shutdown(quiet);
    add_act(s, &a, 0);
    struct outcome *outcome = in_child(stops_in_a_child, s);
    expect_status(outcome, 0);
    expect_out(outcome, "shutdown in a child after fork: the stages belong to the parent ");
    expect_acts("");
    lg_shutdown_close(s, NULL);
    expect_acts("a");
}
END_TEST

static lg_error *fork_and_return(void *argument, const lg_context *context)
{
    (void)argument, (void)context;
    pid_t child = fork();
    if (child == 0)
        return NULL;
    int status = 0;
    waitpid(child, &status, 0);
    return lg_error_newf("status %d", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

static void stops_by_forking(void *unused)
{
    (void)unused;
    lg_shutdown *s = new_shutdown(quiet);
    ok(lg_shutdown_add(s, &(lg_stage){.name = "forks", .stop = fork_and_return}));
    lg_error *err = lg_shutdown_stop(s);
    char text[256];
    lg_error_format(err, text, sizeof(text));
    tell(text);
    lg_error_free(err);
    lg_shutdown_close(s, NULL);
}

START_TEST(S2_a_stop_does_not_return_in_a_forked_child)
{
    struct outcome *outcome = in_child(stops_by_forking, NULL);
    expect_status(outcome, 0);
    expect_out(outcome, "stop forks: status 2 ");
    expect_in_err(outcome, "the child must call exec or _exit");
}
END_TEST

static lg_error *tell_stop_of(void *argument, const lg_context *context)
{
    (void)context;
    nap(5 * MS);
    tell(argument);
    return NULL;
}

static char x[] = "x", y[] = "y";

static void exits(void)
{
    lg_shutdown *s = new_shutdown(quiet);
    lg_defer(lg_shutdown_close, s, NULL);
    ok(lg_shutdown_add(s, &(lg_stage){.name = x, .stop = tell_stop_of, .argument = x}));
    ok(lg_shutdown_add(s, &(lg_stage){.name = y, .stop = tell_stop_of, .argument = y}));
    lg_exit(4);
}

static void exits_on_main(void *data)
{
    (void)data;
    exits();
}

static void exits_on_a_goroutine(void *data)
{
    (void)data;
    lg_go(exits);
    for (;;)
        lg_sleep(LG_HOUR);
}

START_TEST(S3_lg_exit_stops_the_stages)
{
    struct outcome *outcome = in_child(exits_on_main, NULL);
    expect_status(outcome, 4);
    expect_out(outcome, "y x ");
    outcome = in_child(exits_on_a_goroutine, NULL);
    expect_status(outcome, 4);
    expect_out(outcome, "y x ");
}
END_TEST

RUN_TESTS("requests", S5_a_request_is_seen_in_every_way, S1_from_goroutines,
          S4_a_stop_may_use_goroutines, S2_a_stop_that_would_wait_for_itself_panics,
          S1_a_stage_without_a_stop_or_name_panics, S2_a_forked_child_does_not_wait_for_ever,
          S2_a_stop_does_not_return_in_a_forked_child, S3_lg_exit_stops_the_stages)
