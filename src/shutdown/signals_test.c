/* S5: signals start it, a second one forces it; handlers, masks and what is ignored stay as they were. */
#include "testing/shutdown_signals.h"

static void serves(void *data)
{
    lg_error *err = NULL;
    lg_shutdown *s = new_shutdown((lg_shutdown_options){0});
    {
        lg_defer(lg_shutdown_close, s, &err);
        add_telling(s, a);
        add_telling(s, b);
        errno = 77;
        raise(*(int *)data);
        tell(errno == 77 ? "errno" : "errno-lost");
        lg_shutdown_wait(s);
        char text[128];
        lg_error_format(lg_context_cause(lg_shutdown_context(s)), text, sizeof(text));
        tell(text);
        if (lg_shutdown_signal(s) != *(int *)data ||
            lg_error_signal(lg_context_cause(lg_shutdown_context(s))) != *(int *)data)
            tell("another signal");
    }
    ok(err);
}

START_TEST(S5_sigterm_and_sigint_start_it)
{
    int number = SIGTERM;
    struct outcome *outcome = in_child(serves, &number);
    expect_status(outcome, 0);
    expect_out(outcome, "errno shutting down: signal SIGTERM b a ");
    number = SIGINT;
    outcome = in_child(serves, &number);
    expect_status(outcome, 0);
    expect_out(outcome, "errno shutting down: signal SIGINT b a ");
}
END_TEST

/* ---- a second one ---- */

static lg_error *hanging_stop(void *argument, const lg_context *context)
{
    (void)context;
    tell(argument);
    kill(getpid(), SIGTERM);
    sleep_forever();
    return NULL;
}

static void hangs_in_a_stop(void *data)
{
    (void)data;
    lg_shutdown *s = new_shutdown((lg_shutdown_options){0});
    add_telling(s, a);
    ok(lg_shutdown_add(s, &(lg_stage){.name = "hangs", .stop = hanging_stop, .argument = b}));
    ok(lg_shutdown_add(s, &(lg_stage){.name = "c", .stop = telling_stop, .argument = b}));
    raise(SIGINT);
    lg_shutdown_wait(s);
    lg_shutdown_close(s, NULL);
}

START_TEST(S5_a_second_signal_ends_it_and_says_what_is_pending)
{
    if (SIGNALS_COME_LATE)
        return;
    struct outcome *outcome = in_child(hangs_in_a_stop, NULL);
    expect_status(outcome, 128 + SIGTERM);
    expect_out(outcome, "b b ");
    expect_in_err(
        outcome,
        "shutdown: a second time: signal SIGTERM: the process ends now, with status 143\n");
    expect_in_err(outcome, "shutdown: pending: hangs, stopping for ");
    expect_in_err(outcome, "shutdown: pending: a\n");
    expect_not_in_err(outcome, "pending: c");
}
END_TEST

/* The program never looks: it is ended all the same. */
static void never_looks(void *data)
{
    (void)data;
    lg_shutdown *s = new_shutdown((lg_shutdown_options){0});
    add_telling(s, a);
    raise(SIGTERM);
    raise(SIGINT);
    sleep_forever();
}

START_TEST(S5_also_if_the_program_does_not_look)
{
    struct outcome *outcome = in_child(never_looks, NULL);
    expect_status(outcome, 128 + SIGINT);
    expect_out(outcome, "");
    expect_in_err(outcome, "shutdown: pending: a\n");
}
END_TEST

/* Ctrl-C that arrives twice. */
static void twice_at_once(void *data)
{
    (void)data;
    lg_shutdown *s = new_shutdown((lg_shutdown_options){.repeat_window = LG_HOUR});
    add_telling(s, a);
    raise(SIGINT);
    raise(SIGINT);
    lg_shutdown_wait(s);
    nap(20 * MS);
    lg_shutdown_close(s, NULL);
}

START_TEST(S7_the_same_signal_within_the_window_is_one_request)
{
    struct outcome *outcome = in_child(twice_at_once, NULL);
    expect_status(outcome, 0);
    expect_out(outcome, "a ");
}
END_TEST

/* timeout(1), with the window as it is by default. Ends with 1 if the machine took too long between the two. */
static void twice_by_default(void *data)
{
    lg_shutdown *s = new_shutdown((lg_shutdown_options){0});
    add_telling(s, a);
    lg_time start = lg_now();
    raise(SIGTERM);
    kill(getpid(), *(int *)data);
    if (lg_since(start) > LG_SECOND / 4)
        _exit(1);
    lg_shutdown_wait(s);
    nap(20 * MS); /* a second one would end the process */
    lg_shutdown_close(s, NULL);
}

static struct outcome *twice_in_child(int second)
{
    struct outcome *outcome;
    do
        outcome = in_child(twice_by_default, &second);
    while (outcome->status == 1);
    return outcome;
}

START_TEST(S7_the_same_signal_twice_is_one_request_by_default)
{
    struct outcome *outcome = twice_in_child(SIGTERM);
    expect_status(outcome, 0);
    expect_out(outcome, "a ");
}
END_TEST

START_TEST(S7_another_signal_is_a_second_one_at_once)
{
    if (SIGNALS_COME_LATE)
        return;
    struct outcome *outcome = twice_in_child(SIGINT);
    expect_status(outcome, 128 + SIGINT);
    expect_out(outcome, "");
}
END_TEST

/* After half a second the same signal is a second one; with a window below 0 it is so at once. */
static void once_more(void *data)
{
    lg_duration window = *(lg_duration *)data;
    lg_shutdown *s = new_shutdown((lg_shutdown_options){.repeat_window = window});
    add_telling(s, a);
    raise(SIGTERM);
    if (window == 0)
        nap(LG_SECOND / 2);
    raise(SIGTERM);
    sleep_forever();
}

START_TEST(S7_a_signal_after_the_window_is_a_second_one)
{
    if (SIGNALS_COME_LATE)
        return;
    lg_duration window = 0;
    struct outcome *outcome = in_child(once_more, &window);
    expect_status(outcome, 128 + SIGTERM);
    expect_out(outcome, "");
    window = -1;
    outcome = in_child(once_more, &window);
    expect_status(outcome, 128 + SIGTERM);
    expect_out(outcome, "");
}
END_TEST

/* A request of the program's own does not count. */
static void requested_then_signalled(void *data)
{
    (void)data;
    lg_shutdown *s = new_shutdown((lg_shutdown_options){0});
    add_telling(s, a);
    lg_shutdown_request(s, "own");
    lg_shutdown_wait(s);
    raise(SIGTERM);
    nap(20 * MS);
    lg_shutdown_close(s, NULL);
}

START_TEST(S5_a_request_is_no_first_signal)
{
    struct outcome *outcome = in_child(requested_then_signalled, NULL);
    expect_status(outcome, 0);
    expect_out(outcome, "a ");
}
END_TEST

static void nobody_reads_the_log(void *data)
{
    int ends[2];
    (void)data;
    ck_assert_int_eq(pipe(ends), 0);
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    char fill[4096] = {0};
    while (write(ends[1], fill, sizeof(fill)) > 0)
        ;
    fcntl(ends[1], F_SETFL, 0);
    lg_shutdown *s = new_shutdown((lg_shutdown_options){.log = ends[1], .repeat_window = -1});
    add_telling(s, a);
    ok(lg_shutdown_ready(s));
    raise(SIGTERM);
    lg_shutdown_wait(s);
    raise(SIGTERM);
    sleep_forever();
}

START_TEST(S2_S5_a_log_that_nobody_reads_does_not_keep_it)
{
    struct outcome *outcome = in_child(nobody_reads_the_log, NULL);
    expect_status(outcome, 128 + SIGTERM);
}
END_TEST

RUN_TESTS("signals", S5_sigterm_and_sigint_start_it,
          S5_a_second_signal_ends_it_and_says_what_is_pending, S5_also_if_the_program_does_not_look,
          S7_the_same_signal_within_the_window_is_one_request,
          S7_the_same_signal_twice_is_one_request_by_default,
          S7_another_signal_is_a_second_one_at_once, S7_a_signal_after_the_window_is_a_second_one,
          S5_a_request_is_no_first_signal, S2_S5_a_log_that_nobody_reads_does_not_keep_it)
