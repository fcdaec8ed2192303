/* Contexts that signals cancel: C8, S5. */
#include "testing/signals.h"

/* ---- C8 ---- */

static void be_signalled(void)
{
    uint32_t before = outside();
    lg_auto_context lg_context *ctx = signals(lg_context_background(), SIGTERM, SIGINT);
    lg_auto_context lg_context *child = lg_context_with_timeout(ctx, LG_HOUR);
    expect_not_done(ctx);
    ck_assert_uint_eq(outside(), before + 1); /* somebody outside may go on */
    kill(getpid(), SIGTERM);
    ck_assert_ptr_eq(lg_sleep_until(LG_HOUR, lg_until_context(child)), &lg_error_cancelled);
    expect_signalled(ctx, SIGTERM, "signal SIGTERM");
    expect_signalled(child, SIGTERM, "signal SIGTERM");
    kill(getpid(), SIGINT); /* too late to be the cause, and nothing else */
    lg_sleep(2 * LG_MILLISECOND);
    expect_signalled(ctx, SIGTERM, "signal SIGTERM");
    ck_assert_uint_eq(outside(), before);
    lg_error *copy = lg_error_wrap(lg_context_cause_copy(child), "stopped");
    ck_assert_int_eq(lg_error_signal(copy), SIGTERM);
    ck_assert_int_eq(lg_error_signal(&lg_error_cancelled), 0);
    ck_assert_int_eq(lg_error_signal(NULL), 0);
    lg_error_free(copy);
}

START_TEST(C8_the_cause_names_the_signal)
{
    be_signalled();
#if !defined(                                                                                      \
    HAS_TSAN) /* which hands them out only at the next call of the C library, and main makes none */
    in_goroutine(be_signalled);
#endif
}
END_TEST

START_TEST(S5_of_two_pending_signals_the_first_is_the_cause)
{
#if !defined(HAS_TSAN) /* as above */
    defaults();
    lg_auto_context lg_context *ctx = signals(lg_context_background(), SIGTERM, SIGINT);
    sigset_t both, before;
    sigemptyset(&both);
    sigaddset(&both, SIGINT);
    sigaddset(&both, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &both, &before);
    kill(getpid(), SIGINT);
    kill(getpid(), SIGTERM);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    ck_assert_ptr_eq(lg_sleep_until(LG_HOUR, lg_until_context(ctx)), &lg_error_cancelled);
    expect_signalled(ctx, SIGINT, "signal SIGINT");
#endif
}
END_TEST

/* However late the library's thread reads it. */
START_TEST(C8_a_signal_from_before_the_context_is_not_its_cause)
{
    defaults();
    lg_auto_context lg_context *last = signals(lg_context_background(), SIGUSR1, SIGUSR1);
    for (int i = 0; i < 200; i++) {
        lg_auto_context lg_context *before = signals(lg_context_background(), SIGTERM, SIGINT);
        raise(SIGTERM);
        lg_auto_context lg_context *after = signals(lg_context_background(), SIGTERM, SIGINT);
        lg_context_wait(before);
        lg_auto_context lg_context *read = signals(lg_context_background(), SIGUSR1, SIGUSR1);
        raise(SIGUSR1);
        lg_context_wait(read); /* and with it all that came before */
        expect_not_done(after);
    }
    lg_context_wait(last);
}
END_TEST

START_TEST(C8_signals_of_every_number)
{
    for (int number = 1; number < 64; number++) { /* (the last one is Valgrind's) */
        if (number == SIGKILL || number == SIGSTOP || number == SIGSEGV || number == SIGBUS ||
            number == SIGFPE || number == SIGILL || number == SIGTRAP || number == SIGSYS ||
            (number > 31 && number < SIGRTMIN))
            continue;
        signal(number, SIG_DFL); /* Check has handlers of its own for some */
        lg_auto_context lg_context *ctx = signals(lg_context_background(), number, number);
        kill(getpid(), number);
        lg_context_wait(ctx);
        ck_assert_int_eq(lg_error_signal(lg_context_cause(ctx)), number);
    }
    lg_auto_context lg_context *ctx = signals(lg_context_background(), SIGRTMIN + 3, SIGHUP);
    kill(getpid(), SIGRTMIN + 3);
    lg_context_wait(ctx);
    ck_assert_ptr_nonnull(strstr(lg_error_message(lg_context_cause(ctx)), "RTMIN+3"));
}
END_TEST

/* ---- S5: what is done to the process ---- */

static volatile sig_atomic_t own_calls;

static void own_handler(int number)
{
    (void)number;
    own_calls++;
}

START_TEST(S5_the_former_handler_comes_back)
{
    defaults();
    struct sigaction own = {.sa_handler = own_handler, .sa_flags = SA_RESTART | SA_NODEFER};
    sigaddset(&own.sa_mask, SIGUSR2);
    sigaction(SIGUSR1, &own, NULL);
    lg_context *ctx = signals(lg_context_background(), SIGUSR1, SIGTERM);
    raise(SIGUSR1);
    lg_context_wait(ctx);
    ck_assert_int_eq(own_calls, 0);
    lg_context_free(ctx);
    raise(SIGUSR1);
    ck_assert_int_eq(own_calls, 1);
    struct sigaction now;
    sigaction(SIGUSR1, NULL, &now);
    ck_assert_int_eq(now.sa_flags & (SA_RESTART | SA_NODEFER), SA_RESTART | SA_NODEFER);
    ck_assert(sigismember(&now.sa_mask, SIGUSR2));
    expect_handler(SIGTERM, SIG_DFL);
}
END_TEST

START_TEST(S5_one_that_was_set_meanwhile_stays)
{
    lg_context *ctx = signals(lg_context_background(), SIGUSR1, SIGUSR2);
    signal(SIGUSR1, own_handler);
    lg_context_free(ctx);
    expect_handler(SIGUSR1, own_handler);
    expect_handler(SIGUSR2, SIG_DFL);
}
END_TEST

START_TEST(S5_several_contexts_share_signals)
{
    defaults();
    lg_context *a = signals(lg_context_background(), SIGUSR1, SIGUSR2);
    lg_context *b = signals(lg_context_background(), SIGUSR1, SIGTERM);
    lg_context *c = signals(a, SIGUSR2, SIGTERM);
    kill(getpid(), SIGUSR1);
    lg_context_wait(a);
    lg_context_wait(b);
    expect_signalled(a, SIGUSR1, "signal SIGUSR1");
    expect_signalled(b, SIGUSR1, "signal SIGUSR1");
    lg_context_wait(c);
    ck_assert_int_eq(lg_error_signal(lg_context_cause(c)), SIGUSR1); /* its parent's */
    lg_context_free(a);
    lg_context *d = signals(lg_context_background(), SIGUSR1, SIGUSR2);
    lg_context_free(c);
    lg_context_free(b);
    expect_handler(SIGTERM, SIG_DFL);
    kill(getpid(), SIGUSR2);
    lg_context_wait(d);
    expect_signalled(d, SIGUSR2, "signal SIGUSR2");
    lg_context_free(d);
    expect_handler(SIGUSR1, SIG_DFL);
    expect_handler(SIGUSR2, SIG_DFL);
}
END_TEST

START_TEST(S5_an_inherited_ignore_is_respected)
{
    signal(SIGHUP, SIG_IGN);
    lg_auto_context lg_context *only = signals(lg_context_background(), SIGHUP, SIGHUP);
    ck_assert_uint_eq(outside(), 0); /* nothing can come */
    lg_context *ctx = signals(lg_context_background(), SIGHUP, SIGTERM);
    kill(getpid(), SIGHUP);
    ck_assert_ptr_eq(lg_context_wait_until(ctx, lg_until_timeout(5 * LG_MILLISECOND)),
                     &lg_error_deadline_exceeded);
    expect_handler(SIGHUP, SIG_IGN);
    kill(getpid(), SIGTERM);
    lg_context_wait(ctx);
    expect_signalled(ctx, SIGTERM, "signal SIGTERM");
    lg_context_free(ctx);
    expect_handler(SIGHUP, SIG_IGN);
}
END_TEST

START_TEST(S5_masks_and_errno_stay)
{
    sigset_t before, after;
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    lg_auto_context lg_context *ctx = signals(lg_context_background(), SIGUSR1, SIGUSR2);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    for (int number = 1; number <= 64; number++)
        ck_assert_int_eq(sigismember(&before, number), sigismember(&after, number));
    for (int i = 0; i < 100000; i++) { /* more than fit into the pipe */
        errno = i;
        raise(SIGUSR1);
        ck_assert_int_eq(errno, i);
    }
    lg_context_wait(ctx);
}
END_TEST

static void call_twice(void *number)
{
    defaults();
    lg_context *ctx = signals(lg_context_background(), SIGTERM, SIGINT);
    kill(getpid(), SIGTERM);
    kill(getpid(), SIGTERM);
    lg_context_wait(ctx);
    tell("done");
    lg_context_free(ctx);
    raise(*(int *)number);
    tell("not reached");
}

START_TEST(S5_the_default_is_back_after_the_end)
{
    int number = SIGTERM;
    struct outcome *outcome = in_child(call_twice, &number);
    expect_status(outcome, -SIGTERM);
    expect_out(outcome, "done ");
}
END_TEST

START_TEST(S5_a_forked_child_is_none_of_its_business)
{
    int status;
    defaults();
    lg_auto_context lg_context *ctx = signals(lg_context_background(), SIGTERM, SIGINT);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        raise(SIGTERM);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
#if !defined(HAS_TSAN)
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
#endif
    ck_assert_ptr_eq(lg_context_wait_until(ctx, lg_until_timeout(5 * LG_MILLISECOND)),
                     &lg_error_deadline_exceeded);
}
END_TEST

static void with_signals_again(void *unused)
{
    (void)unused;
    lg_context *ctx;
    lg_error *err = lg_context_with_signals(lg_context_background(), &ctx, SIGTERM);
    tell(lg_error_message(err));
}

START_TEST(a_forked_child_is_refused)
{
    lg_auto_context lg_context *ctx = signals(lg_context_background(), SIGTERM, SIGINT);
    struct outcome *outcome = in_child(with_signals_again, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, "in a child after fork");
}
END_TEST

RUN_TESTS("signal", C8_the_cause_names_the_signal,
          C8_a_signal_from_before_the_context_is_not_its_cause, C8_signals_of_every_number,
          S5_of_two_pending_signals_the_first_is_the_cause, S5_the_former_handler_comes_back,
          S5_one_that_was_set_meanwhile_stays, S5_several_contexts_share_signals,
          S5_an_inherited_ignore_is_respected, S5_masks_and_errno_stay,
          S5_the_default_is_back_after_the_end, S5_a_forked_child_is_none_of_its_business,
          a_forked_child_is_refused)
