/* Tests of contexts for signals: with busy workers, deadlocks, failures, and many at once. Rules are those of docs/rules.md. */
#include "testing/signals.h"

/* ---- busy workers, no workers ---- */

static _Atomic bool leave;

static void compute(void)
{
    while (!atomic_load(&leave))
        lgi_pause();
}

START_TEST(S5_a_signal_arrives_although_all_workers_are_busy)
{
    ck_assert_ptr_null(lg_set_workers(1));
    lg_auto_context lg_context *ctx = signals(lg_context_background(), SIGTERM, SIGINT);
    lg_go(compute);
    lg_sleep(2 * LG_MILLISECOND);
    kill(getpid(), SIGTERM);
    lg_context_wait(ctx);
    expect_signalled(ctx, SIGTERM, "signal SIGTERM");
    atomic_store(&leave, true);
}
END_TEST

START_TEST(a_program_without_goroutines_needs_no_workers)
{
    lg_auto_context lg_context *ctx = signals(lg_context_background(), SIGTERM, SIGINT);
    kill(getpid(), SIGTERM);
    lg_context_wait(ctx);
    ck_assert_uint_eq(lgi_worker_count(), 0);
}
END_TEST

/* ---- deadlocks ---- */

static void wait_for_ever(const lg_context *ctx)
{
    lg_context_wait(ctx);
}

/* Everybody waits for what nobody can cancel, but perhaps a signal. */
static void wait_all(void *data)
{
    const bool *end = data;
    defaults();
    lg_context *ctx = signals(lg_context_background(), SIGTERM, SIGINT);
    lg_context *never = lg_context_with_cancel(lg_context_background());
    if (*end)
        lg_context_free(ctx);
    lg_go(wait_for_ever, never);
    lg_go(wait_for_ever, *end ? never : ctx);
    if (!*end) {
        alarm(1); /* no deadlock until then */
        signal(SIGALRM, SIG_DFL);
    }
    lg_context_wait(never);
}

START_TEST(a_pending_signal_is_no_deadlock)
{
    bool end = false;
    struct outcome *outcome = in_child(wait_all, &end);
    expect_status(outcome, -SIGALRM);
    ck_assert_str_eq(outcome->err, "");
}
END_TEST

START_TEST(the_thread_that_reads_signals_hides_no_deadlock)
{
#if !defined(HAS_TSAN) /* in a forked child its threads are not as many as are expected */
    bool end = true;
    struct outcome *outcome = in_child(wait_all, &end);
    expect_status(outcome, 2);
    expect_in_err(outcome, "deadlock");
#endif
}
END_TEST

/* ---- failures ---- */

START_TEST(what_is_no_signal_or_cannot_be_waited_for)
{
    static const int wrong[] = {0, -1, 65, SIGKILL, SIGSTOP, SIGSEGV, SIGILL, SIGBUS, SIGFPE};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        lg_context *ctx = (lg_context *)(uintptr_t)wrong; /* not NULL */
        lg_error *err = lg_context_with_signals(lg_context_background(), &ctx, SIGUSR1, wrong[i],
                                                SIGUSR2);
        ck_assert(lg_error_is_errno(err, EINVAL));
        ck_assert_ptr_null(ctx);
        lg_error_free(err);
        expect_handler(SIGUSR1, SIG_DFL);
        expect_handler(SIGUSR2, SIG_DFL);
    }
    lg_context *ctx;
    lg_error *err = lgi_with_signals(lg_context_background(), &ctx, NULL, 0);
    ck_assert(lg_error_is_errno(err, EINVAL));
    lg_error_free(err);
}
END_TEST

START_TEST(no_descriptors_left)
{
    const struct rlimit none = {3, 3};
    struct rlimit before;
    lg_context *ctx;
    getrlimit(RLIMIT_NOFILE, &before);
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){none.rlim_cur, before.rlim_max});
    lg_error *err = lg_context_with_signals(lg_context_background(), &ctx, SIGUSR1);
    setrlimit(RLIMIT_NOFILE, &before);
    ck_assert(lg_error_is_errno(err, EMFILE));
    ck_assert_ptr_null(ctx);
    lg_error_free(err);
    expect_handler(SIGUSR1, SIG_DFL);
    lg_context_free(signals(lg_context_background(), SIGUSR1, SIGUSR2)); /* it can be tried again */
}
END_TEST

START_TEST(a_parent_that_is_done)
{
    lg_auto_context lg_context *parent = lg_context_with_cancel(lg_context_background());
    lg_auto_context lg_context *early = signals(parent, SIGUSR1, SIGUSR2);
    ck_assert_uint_eq(outside(), 1);
    lg_context_cancel(parent);
    ck_assert_uint_eq(outside(), 0);
    lg_auto_context lg_context *late = signals(parent, SIGUSR1, SIGUSR2);
    ck_assert_uint_eq(outside(), 0);
    expect_cancelled(early);
    expect_cancelled(late);
}
END_TEST

/* ---- many at once ---- */

static void come_and_go(lg_context *told)
{
    lg_defer(lg_context_cancel, told);
    for (int i = 0; i < 300; i++) {
        lg_context *ctx = signals(lg_context_background(), SIGUSR1, i % 2 ? SIGUSR2 : SIGTERM);
        if (i % 3 == 0)
            lg_context_wait(ctx);
        if (lg_context_error(ctx))
            ck_assert_int_ne(lg_error_signal(lg_context_cause(ctx)), 0);
        lg_context_free(ctx);
    }
}

START_TEST(C10_contexts_come_and_go_while_signals_arrive)
{
    enum { WHO = 6 };
    lg_context *told[WHO];
    lg_context *keeps_default_away = signals(lg_context_background(), SIGUSR1, SIGUSR2);
    for (int i = 0; i < WHO; i++) {
        told[i] = lg_context_with_cancel(lg_context_background());
        if (i % 2)
            lg_go_thread(come_and_go, told[i]);
        else
            lg_go(come_and_go, told[i]);
    }
    for (int i = 0; i < WHO; i++) {
        while (!lg_context_error(told[i])) {
            kill(getpid(), SIGUSR1);
            lg_sleep(100 * LG_MICROSECOND);
        }
        lg_context_free(told[i]);
    }
    lg_context_free(keeps_default_away);
    ck_assert_uint_eq(outside(), 0);
}
END_TEST

RUN_TESTS("signal_load", S5_a_signal_arrives_although_all_workers_are_busy,
          a_program_without_goroutines_needs_no_workers, what_is_no_signal_or_cannot_be_waited_for,
          a_pending_signal_is_no_deadlock, the_thread_that_reads_signals_hides_no_deadlock,
          no_descriptors_left, a_parent_that_is_done, C10_contexts_come_and_go_while_signals_arrive)
