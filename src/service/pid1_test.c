/* S6: as process 1 of a PID namespace. */
#include "testing/test.h"

#include <fcntl.h>
#include <lifoguard/service.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

/* Runs work(data) as process 1 of a namespace; visibly skipped where that is forbidden. */
static struct outcome *as_process_1(void (*work)(void *), void *data);

struct job {
    void (*work)(void *);
    void *data;
};

enum { FORBIDDEN = 99 };

static void in_namespace(void *data)
{
    const struct job *job = data;
    if (unshare(CLONE_NEWPID) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0)
        _exit(FORBIDDEN);
    pid_t child = fork();
    if (child == 0) {
        job->work(job->data);
        exit(0);
    }
    int status;
    if (child < 0 || waitpid(child, &status, 0) != child)
        _exit(FORBIDDEN);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static struct outcome *as_process_1(void (*work)(void *), void *data)
{
    struct job job = {work, data};
    struct outcome *outcome = in_child(in_namespace, &job);
    if (outcome->status != FORBIDDEN)
        return outcome;
    fprintf(stderr, "skipped: PID namespaces are forbidden here\n");
    return NULL;
}

static void tell_number(const char *word, long number)
{
    char text[64];
    snprintf(text, sizeof(text), "%s%ld", word, number);
    tell(text);
}

static void guard_with(lg_pid1_options options)
{
    lg_error *err = lg_pid1_guard(&options);
    if (err)
        _exit(98);
}

static void sleep_ms(long ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&time, &time) != 0)
        ;
}

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

static volatile sig_atomic_t last;

static void take_note(int number)
{
    last = number;
}

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

RUN_TESTS("pid1", S6_the_child_has_the_terminal, S6_elsewhere_nothing_happens,
          S6_it_ends_as_the_child_does, S6_a_signal_that_ends_the_child_becomes_a_status,
          S6_orphans_are_reaped, S6_orphans_are_reaped_by_a_subreaper, S6_signals_are_passed_on,
          S5_S6_the_child_has_the_mask_and_dispositions_from_before,
          S6_signals_go_to_the_group_where_asked, S6_what_remains_is_told_and_given_time,
          S2_S6_but_not_for_ever, S6_if_it_cannot_fork_all_is_as_before)
