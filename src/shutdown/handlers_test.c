/* Tests of handlers and masks of signals, and of signals at random moments. Rules are those of docs/rules.md. */
#include "testing/shutdown_signals.h"

/* ---- handlers and masks ---- */

static volatile sig_atomic_t own;

static void own_handler(int number)
{
    own = number;
}

static void restores(void *data)
{
    (void)data;
    struct sigaction action = {.sa_handler = own_handler}, now;
    sigset_t before, after;
    sigaction(SIGTERM, &action, NULL);
    signal(SIGINT, SIG_IGN);
    pthread_sigmask(SIG_BLOCK, NULL, &before);
    lg_shutdown *s = new_shutdown((lg_shutdown_options){0});
    pthread_sigmask(SIG_BLOCK, NULL, &after);
    for (int number = 1; number < 65; number++)
        ck_assert_int_eq(sigismember(&before, number), sigismember(&after, number));
    sigaction(SIGINT, NULL, &now);
    tell(now.sa_handler == SIG_IGN ? "ignored" : "not-ignored");
    raise(SIGINT);
    nap(10 * MS);
    tell(lg_shutdown_is_requested(s) ? "requested" : "not-requested");
    raise(SIGTERM);
    lg_shutdown_wait(s);
    tell(own ? "own" : "ours");
    lg_shutdown_close(s, NULL);
    raise(SIGTERM);
    tell(own == SIGTERM ? "own" : "lost");
    sigaction(SIGINT, NULL, &now);
    tell(now.sa_handler == SIG_IGN ? "ignored" : "not-ignored");
}

START_TEST(S5_handlers_come_back_and_what_is_ignored_stays_so)
{
    struct outcome *outcome = in_child(restores, NULL);
    expect_status(outcome, 0);
    expect_out(outcome, "ignored not-requested ours own ignored ");
}
END_TEST

static void others(void *data)
{
    static const int signals[] = {SIGUSR1, 0};
    (void)data;
    signal(SIGTERM, own_handler);
    lg_shutdown *s = new_shutdown((lg_shutdown_options){.signals = signals});
    raise(SIGTERM);
    tell(own == SIGTERM ? "own" : "ours");
    raise(SIGUSR1);
    lg_shutdown_wait(s);
    tell(lg_shutdown_signal(s) == SIGUSR1 ? "usr1" : "another");
    lg_shutdown_close(s, NULL);
    s = new_shutdown((lg_shutdown_options){.no_signals = true, .signals = signals});
    signal(SIGUSR1, own_handler);
    raise(SIGUSR1);
    tell(own == SIGUSR1 && !lg_shutdown_is_requested(s) ? "own" : "ours");
    lg_shutdown_close(s, NULL);
}

START_TEST(S5_the_set_is_the_programs_to_choose)
{
    static const int bad[] = {SIGTERM, 4711, 0}, kill_it[] = {SIGKILL, 0};
    struct outcome *outcome = in_child(others, NULL);
    expect_status(outcome, 0);
    expect_out(outcome, "own usr1 own ");
    lg_shutdown *s;
    lg_error *err = lg_shutdown_new(&s, &(lg_shutdown_options){.signals = bad});
    ck_assert(lg_error_is_errno(err, EINVAL));
    ck_assert_ptr_null(s);
    lg_error_free(err);
    err = lg_shutdown_new(&s, &(lg_shutdown_options){.signals = kill_it});
    ck_assert(lg_error_is_errno(err, EINVAL));
    ck_assert_ptr_null(s);
    lg_error_free(err);
}
END_TEST

/* A child that does not exec is not its parent: its SIGTERM ends it, and starts nothing in the parent. */
static void forks(void *data)
{
    (void)data;
    lg_shutdown *s = new_shutdown((lg_shutdown_options){0});
    add_telling(s, a);
    pid_t child = fork();
    if (child == 0)
        sleep_forever();
    nap(20 * MS);
    kill(child, SIGTERM);
    int status;
    waitpid(child, &status, 0);
    tell(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM ? "ended" : "not-ended");
    nap(20 * MS);
    tell(lg_shutdown_is_requested(s) ? "requested" : "not-requested");
    lg_shutdown_close(s, NULL);
}

START_TEST(S5_a_forked_childs_signals_are_its_own)
{
    if (SIGNALS_COME_LATE)
        return;
    struct outcome *outcome = in_child(forks, NULL);
    expect_status(outcome, 0);
    expect_out(outcome, "ended not-requested a ");
}
END_TEST

/* The stops run with the mask of the program. */
static lg_error *mask_stop(void *argument, const lg_context *context)
{
    (void)context;
    return pthread_sigmask(SIG_BLOCK, NULL, argument) == 0 ? NULL : lg_error_new("mask");
}

START_TEST(S5_stops_have_the_programs_mask)
{
    sigset_t own_mask, seen;
    sigemptyset(&own_mask);
    sigaddset(&own_mask, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &own_mask, NULL);
    pthread_sigmask(SIG_BLOCK, NULL, &own_mask);
    lg_shutdown *s = new_shutdown((lg_shutdown_options){.no_signals = true});
    ok(lg_shutdown_add(s, &(lg_stage){.name = "x", .stop = mask_stop, .argument = &seen}));
    ok(lg_shutdown_stop(s));
    for (int number = 1; number < 32; number++)
        ck_assert_int_eq(sigismember(&own_mask, number), sigismember(&seen, number));
    lg_shutdown_close(s, NULL);
}
END_TEST

/* ---- at random moments ---- */

enum { STAGES = 6 };

static lg_error *slow_start(void *argument, const lg_context *context)
{
    (void)context;
    nap(*(unsigned *)argument % 3 * MS / 4);
    return NULL;
}

static char started[STAGES], stopped[STAGES];
static unsigned delays[STAGES];

static lg_error *slow_stop(void *argument, const lg_context *context)
{
    (void)context;
    size_t i = (size_t)((unsigned *)argument - delays);
    /* in reverse: nothing that was started later is still there */
    for (size_t j = i + 1; j < STAGES; j++) {
        if (started[j] && !stopped[j])
            tell("order");
    }
    if (!started[i] || stopped[i])
        tell("twice");
    stopped[i] = 1;
    nap(*(unsigned *)argument % 3 * MS / 4);
    return NULL;
}

static lg_error *runs(lg_shutdown *s)
{
    lg_func (lg_error *, err) {
        lg_defer(lg_shutdown_close, s, &err);
        for (size_t i = 0; i < STAGES; i++) {
            err = lg_shutdown_start(s, &(lg_stage){.name = "s",
                                                   .start = slow_start,
                                                   .stop = slow_stop,
                                                   .argument = &delays[i]});
            if (err)
                lg_return(err);
            started[i] = 1;
        }
        ok(lg_shutdown_ready(s));
        lg_shutdown_wait(s);
        lg_return(NULL);
    }
}

static void served(void *data)
{
    unsigned seed = *(unsigned *)data;
    int ends[2];
    signal(SIGTERM, SIG_DFL); /* Check's own handler would end all tests */
    if (pipe(ends) != 0)
        _exit(90);
    for (size_t i = 0; i < STAGES; i++)
        delays[i] = seed >> i;
    pid_t parent = getpid(), killer = fork();
    if (killer == 0) {
        char byte;
        close(ends[1]);
        if (read(ends[0], &byte, 1) != 1)
            _exit(91);
        nap((lg_duration)(seed % 97) * MS / 10);
        kill(parent, SIGTERM);
        if (seed % 2) {
            nap((lg_duration)(seed % 31) * MS / 5);
            kill(parent, SIGTERM);
        }
        _exit(0);
    }
    lg_shutdown *s = new_shutdown((lg_shutdown_options){.repeat_window = -1});
    if (write(ends[1], "x", 1) != 1)
        _exit(92);
    lg_error *err = runs(s);
    /* From here on SIGTERM is fatal again. */
    signal(SIGTERM, SIG_IGN);
    if (err && !lg_error_is(err, &lg_error_shutting_down))
        tell("error");
    lg_error_free(err);
    for (size_t i = 0; i < STAGES; i++) {
        if (started[i] != stopped[i])
            tell("left");
    }
    waitpid(killer, NULL, 0);
    _exit(0);
}

/* One signal: all that was started is stopped, in reverse. Two: the same, or it was forced, or it is after the end. */
START_TEST(S3_S5_signals_at_random_moments)
{
    int clean = 0, forced = 0;
    if (SIGNALS_COME_LATE)
        return;
    for (unsigned seed = 1; seed <= 160; seed++) {
        unsigned number = seed * 2654435761U >> 7;
        struct outcome *outcome = in_child(served, &number);
        expect_out(outcome, "");
        ck_assert_msg(outcome->status == 0 || (number % 2 && (outcome->status == 128 + SIGTERM ||
                                                              outcome->status == -SIGTERM)),
                      "seed %u: status %d: %s", seed, outcome->status, outcome->err);
        clean += outcome->status == 0;
        forced += outcome->status == 128 + SIGTERM;
    }
    ck_assert_int_gt(clean, 0);
    ck_assert_int_gt(forced, 0);
}
END_TEST

RUN_TESTS("handlers", S5_handlers_come_back_and_what_is_ignored_stays_so,
          S5_the_set_is_the_programs_to_choose, S5_a_forked_childs_signals_are_its_own,
          S5_stops_have_the_programs_mask, S3_S5_signals_at_random_moments)
