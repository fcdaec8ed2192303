/* S6: as process 1 of a PID namespace. */
#include "testing/pid1.h"

/* ---- what it does where it is not number 1 ---- */

START_TEST(S6_elsewhere_nothing_happens)
{
    pid_t before = getpid();
    ck_assert_ptr_null(lg_pid1_guard(NULL));
    ck_assert_int_eq(getpid(), before);
}
END_TEST

/* ---- statuses ---- */

static void ends_with_seven(void *data)
{
    (void)data;
    if (getpid() != 1)
        _exit(97);
    guard_with((lg_pid1_options){0});
    if (getpid() == 1)
        _exit(96);
    _exit(7);
}

START_TEST(S6_it_ends_as_the_child_does)
{
    struct outcome *outcome = as_process_1(ends_with_seven, NULL);
    if (outcome)
        expect_status(outcome, 7);
}
END_TEST

static void ends_by_a_signal(void *data)
{
    (void)data;
    guard_with((lg_pid1_options){0});
    raise(SIGKILL);
}

START_TEST(S6_a_signal_that_ends_the_child_becomes_a_status)
{
    struct outcome *outcome = as_process_1(ends_by_a_signal, NULL);
    if (outcome)
        expect_status(outcome, 128 + SIGKILL);
}
END_TEST

/* ---- orphans ---- */

/* How many zombies there are in /proc of our own namespace cannot be seen without mounting it: the
 * process table can be asked by kill. A zombie is still there. */
static bool exists(pid_t pid)
{
    return kill(pid, 0) == 0;
}

static pid_t make_orphan(long ms)
{
    int ends[2];
    pid_t orphan = 0;
    if (pipe(ends) != 0)
        _exit(95);
    pid_t parent = fork();
    if (parent == 0) {
        pid_t own = fork();
        if (own == 0) {
            sleep_ms(ms);
            _exit(3);
        }
        if (write(ends[1], &own, sizeof(own)) != (ssize_t)sizeof(own))
            _exit(94);
        _exit(0);
    }
    if (read(ends[0], &orphan, sizeof(orphan)) != (ssize_t)sizeof(orphan))
        _exit(93);
    waitpid(parent, NULL, 0);
    close(ends[0]);
    close(ends[1]);
    return orphan;
}

static void has_orphans(void *data)
{
    pid_t orphans[20];
    guard_with(*(lg_pid1_options *)data);
    for (int i = 0; i < 20; i++)
        orphans[i] = make_orphan(i % 3);
    for (int tries = 0; tries < 100000; tries++) {
        int left = 0;
        for (int i = 0; i < 20; i++)
            left += exists(orphans[i]);
        if (left == 0) {
            /* Our own children are left to us. */
            pid_t own = fork();
            int status = -1;
            if (own == 0)
                _exit(5);
            sleep_ms(20);
            tell(waitpid(own, &status, 0) == own && WEXITSTATUS(status) == 5 ? "own" : "stolen");
            _exit(0);
        }
        sleep_ms(10);
    }
    tell("zombies");
    _exit(1);
}

START_TEST(S6_orphans_are_reaped)
{
    lg_pid1_options options = {0};
    struct outcome *outcome = as_process_1(has_orphans, &options);
    if (!outcome)
        return;
    expect_status(outcome, 0);
    expect_out(outcome, "own ");
}
END_TEST

/* The same without a namespace: as a subreaper. */
static void is_guarded_anyway(void *data)
{
    has_orphans(data);
}

START_TEST(S6_orphans_are_reaped_by_a_subreaper)
{
    lg_pid1_options options = {.always = true};
    struct outcome *outcome = in_child(is_guarded_anyway, &options);
    expect_status(outcome, 0);
    expect_out(outcome, "own ");
}
END_TEST

/* ---- signals ---- */

/* Main sends itself nothing: process 1 gets the signals, as from outside. */
static void gets_signals(void *data)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGQUIT, SIGWINCH};
    guard_with(*(lg_pid1_options *)data);
    pid_t init = getppid();
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        last = 0;
        signal(numbers[i], take_note);
        kill(init, numbers[i]);
        for (int tries = 0; tries < 100000 && last != numbers[i]; tries++)
            sleep_ms(2);
        tell_number("", last - numbers[i]);
    }
    _exit(0);
}

START_TEST(S6_signals_are_passed_on)
{
    lg_pid1_options options = {.always = true};
    struct outcome *outcome = in_child(gets_signals, &options);
    expect_status(outcome, 0);
    expect_out(outcome, "0 0 0 0 0 0 ");
    outcome = as_process_1(gets_signals, &options);
    if (!outcome)
        return;
    expect_status(outcome, 0);
    expect_out(outcome, "0 0 0 0 0 0 ");
}
END_TEST

static void ignores_sigterm_and_blocks_sigusr1(void *data)
{
    (void)data;
    sigset_t blocked, now;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    signal(SIGTERM, SIG_IGN);
    signal(SIGCHLD, SIG_IGN);
    guard_with((lg_pid1_options){.always = true});
    struct sigaction term, chld;
    sigprocmask(SIG_BLOCK, NULL, &now);
    sigaction(SIGTERM, NULL, &term);
    sigaction(SIGCHLD, NULL, &chld);
    tell(sigismember(&now, SIGUSR1) && !sigismember(&now, SIGTERM) ? "mask" : "another-mask");
    tell(term.sa_handler == SIG_IGN && chld.sa_handler == SIG_IGN ? "ignored" : "not-ignored");
    _exit(4);
}

START_TEST(S5_S6_the_child_has_the_mask_and_dispositions_from_before)
{
    struct outcome *outcome = in_child(ignores_sigterm_and_blocks_sigusr1, NULL);
    expect_status(outcome, 4);
    expect_out(outcome, "mask ignored ");
}
END_TEST

/* The main child's own child gets the signal too, with a group. */
static void has_a_group(void *data)
{
    const lg_pid1_options *options = data;
    int ends[2];
    guard_with(*options);
    if (pipe(ends) != 0)
        _exit(92);
    tell(getpgrp() == getpid() ? "leader" : "member");
    signal(SIGTERM, take_note);
    pid_t child = fork();
    if (child == 0) {
        signal(SIGTERM, SIG_DFL);
        if (write(ends[1], "x", 1) != 1)
            _exit(91);
        sleep_ms(options->group ? 20000 : 300);
        _exit(0);
    }
    char byte;
    if (read(ends[0], &byte, 1) != 1)
        _exit(90);
    kill(getppid(), SIGTERM);
    int status;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    while (!last)
        sleep_ms(2);
    tell(WIFSIGNALED(status) ? "signalled" : "spared");
    tell_number("got-", last);
    _exit(0);
}

START_TEST(S6_signals_go_to_the_group_where_asked)
{
    lg_pid1_options options = {.always = true, .group = true};
    struct outcome *outcome = in_child(has_a_group, &options);
    expect_status(outcome, 0);
    expect_out(outcome, "leader signalled got-15 ");
    options.group = false;
    outcome = in_child(has_a_group, &options);
    expect_status(outcome, 0);
    expect_out(outcome, "member spared got-15 ");
}
END_TEST

RUN_TESTS("pid1", S6_elsewhere_nothing_happens, S6_it_ends_as_the_child_does,
          S6_a_signal_that_ends_the_child_becomes_a_status, S6_orphans_are_reaped,
          S6_orphans_are_reaped_by_a_subreaper, S6_signals_are_passed_on,
          S5_S6_the_child_has_the_mask_and_dispositions_from_before,
          S6_signals_go_to_the_group_where_asked)
