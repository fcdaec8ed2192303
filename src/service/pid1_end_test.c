/* Tests of process 1: the terminal, and what remains at the end. Rules are those of docs/rules.md. */
#include "testing/pid1.h"

/* ---- the terminal ---- */

/* A session of its own, whose terminal is the other end of `master`. */
static int take_terminal(int master)
{
    char name[64];
    if (setsid() < 0 || grantpt(master) != 0 || unlockpt(master) != 0 ||
        ptsname_r(master, name, sizeof(name)) != 0)
        _exit(89);
    int terminal = open(name, O_RDWR);
    if (terminal < 0 || ioctl(terminal, TIOCSCTTY, 0) != 0 || tcgetpgrp(terminal) != getpgrp())
        _exit(88);
    return terminal;
}

static void has_a_terminal(void *data)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    int terminal = take_terminal(master);
    guard_with(*(lg_pid1_options *)data);
    signal(SIGINT, take_note);
    tell(getpgrp() == getpid() ? "leader" : "member");
    tell(tcgetpgrp(terminal) == getpgrp() ? "foreground" : "background");
    if (write(master, "\003", 1) != 1)
        _exit(87);
    while (!last)
        sleep_ms(2);
    tell_number("got-", last);
    _exit(0);
}

START_TEST(S6_the_child_has_the_terminal)
{
    lg_pid1_options options = {.always = true, .group = true};
    struct outcome *outcome = in_child(has_a_terminal, &options);
    expect_status(outcome, 0);
    expect_out(outcome, "leader foreground got-2 ");
    options.group = false;
    outcome = in_child(has_a_terminal, &options);
    expect_status(outcome, 0);
    expect_out(outcome, "member foreground got-2 ");
}
END_TEST

/* ---- what remains ---- */

/* Process 1 ends only when its child is ready for that. */
static int ready[2];

static void be_ready(const char *word)
{
    tell(word);
    (void)!write(ready[1], "r", 1);
}

static _Noreturn void leave_ready_child(void)
{
    char byte;
    _exit(read(ready[0], &byte, 1) == 1 ? 6 : 98);
}

static void leaves_somebody(void *data)
{
    guard_with(*(lg_pid1_options *)data);
    if (pipe(ready) != 0)
        _exit(98);
    pid_t child = fork();
    if (child == 0) {
        sigset_t term;
        int number;
        sigemptyset(&term);
        sigaddset(&term, SIGTERM);
        sigprocmask(SIG_BLOCK, &term, NULL);
        be_ready("waits");
        sigwait(&term, &number);
        sleep_ms(50);
        tell("told");
        _exit(0);
    }
    leave_ready_child();
}

START_TEST(S6_what_remains_is_told_and_given_time)
{
    lg_pid1_options options = {.grace = 10 * LG_SECOND};
    struct outcome *outcome = as_process_1(leaves_somebody, &options);
    if (!outcome)
        return;
    expect_status(outcome, 6);
    expect_out(outcome, "waits told ");
}
END_TEST

static void leaves_somebody_deaf(void *data)
{
    guard_with(*(lg_pid1_options *)data);
    if (pipe(ready) != 0)
        _exit(98);
    pid_t child = fork();
    if (child == 0) {
        signal(SIGTERM, SIG_IGN);
        be_ready("deaf");
        sleep_ms(30000);
        tell("late");
        _exit(0);
    }
    leave_ready_child();
}

START_TEST(S2_S6_but_not_for_ever)
{
    lg_pid1_options options = {.grace = 200 * LG_MILLISECOND};
    struct outcome *outcome = as_process_1(leaves_somebody_deaf, &options);
    if (!outcome)
        return;
    expect_status(outcome, 6);
    expect_out(outcome, "deaf ");
}
END_TEST

static void cannot_fork(void *data)
{
    (void)data;
    sigset_t before, after;
    const struct rlimit none = {0, 0};
    if (getuid() == 0 && setuid(65534) != 0)
        _exit(89);
    setrlimit(RLIMIT_NPROC, &none);
    sigprocmask(SIG_BLOCK, NULL, &before);
    lg_pid1_options options = {.always = true};
    lg_error *err = lg_pid1_guard(&options);
    sigprocmask(SIG_BLOCK, NULL, &after);
    tell(lg_error_is_errno(err, EAGAIN) ? "refused" : "not-refused");
    lg_error_free(err);
    bool same = true;
    for (int number = 1; number < 65; number++)
        same = same && sigismember(&before, number) == sigismember(&after, number);
    tell(same ? "mask" : "another-mask");
    _exit(0);
}

START_TEST(S6_if_it_cannot_fork_all_is_as_before)
{
    struct outcome *outcome = in_child(cannot_fork, NULL);
    expect_status(outcome, 0);
    expect_out(outcome, "refused mask ");
}
END_TEST

RUN_TESTS("pid1_end", S6_the_child_has_the_terminal, S6_what_remains_is_told_and_given_time,
          S2_S6_but_not_for_ever, S6_if_it_cannot_fork_all_is_as_before)
