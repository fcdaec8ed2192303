#define _GNU_SOURCE
#include "attempt.h"

#include "buffer.h"
#include "child.h"
#include "closers/own_fd.h"
#include "execute.h"
#include "say.h"
#include "signals.h"
#include "spec.h"
#include "sweep.h"

#include <errno.h>
#include <fcntl.h>
#include <lifoguard/defer.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char *result_path(const char *run_directory, int64_t sequence, int64_t number)
{
    struct buffer path = {0};
    buffer_format(&path, "%s/%lld.%lld", run_directory, (long long)sequence, (long long)number);
    return path.text;
}

struct attempt_result attempt_result(const char *run_directory, int64_t sequence, int64_t number)
{
    struct attempt_result result = {.end = ATTEMPT_LOST};
    if (!run_directory)
        return result;
    char *path = result_path(run_directory, sequence, number);
    lg_defer(free, path);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return result;
    lg_defer(close, fd);
    struct attempt_result read_result;
    if (read(fd, &read_result, sizeof read_result) == sizeof read_result)
        result = read_result;
    return result;
}

void attempt_note_end(const char *run_directory, int64_t sequence, int64_t number,
                      const siginfo_t *end)
{
    if (!run_directory)
        return;
    char *path = result_path(run_directory, sequence, number);
    lg_defer(free, path);
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return;
    lg_defer(close, fd);
    struct attempt_result result;
    if (read(fd, &result, sizeof result) != sizeof result || result.end != ATTEMPT_LOST)
        return;
    result = (struct attempt_result){.end = end->si_code == CLD_EXITED ? ATTEMPT_EXITED
                                                                       : ATTEMPT_SIGNALLED,
                                     .number = end->si_status,
                                     .command = end->si_pid};
    ssize_t written = pwrite(fd, &result, sizeof result, 0); /* its space is there already */
    (void)written;
}

pid_t attempt_command(struct attempt *attempt)
{
    /* What it says first is which process the command is. */
    struct attempt_result first;
    if (!attempt->command && attempt->report >= 0 &&
        read(attempt->report, &first, sizeof first) == sizeof first)
        attempt->command = first.command;
    return attempt->command;
}

static int poll_report(const struct attempt *attempt, int milliseconds, bool *over)
{
    struct pollfd fd = {.fd = attempt->report, .events = POLLIN};
    int ready = poll(&fd, 1, milliseconds);
    *over = ready > 0 && fd.revents & POLLHUP && !(fd.revents & POLLIN);
    return ready;
}

bool attempt_is_over(const struct attempt *attempt)
{
    bool over;
    poll_report(attempt, 0, &over);
    return over;
}

pid_t attempt_await_command(struct attempt *attempt)
{
    bool over = false;
    for (int ready = 1; !attempt_command(attempt) && ready != 0 && !over;)
        ready = poll_report(attempt, 5000, &over);
    return attempt_command(attempt);
}

struct attempt_result attempt_finish(struct attempt *attempt)
{
    /* Killed just after it has forked: the child has still to say who it is, or to end. Then it closes the pipe. */
    attempt_await_command(attempt);
    struct attempt_result result = {.end = ATTEMPT_LOST};
    struct attempt_result next;
    while (read(attempt->report, &next, sizeof next) == sizeof next)
        result = next;
    close(attempt->report);
    attempt->report = -1;
    /* Each of the two ways may have failed. */
    if (result.end == ATTEMPT_LOST)
        result = attempt_result(attempt->run_directory, attempt->sequence, attempt->number);
    if (!attempt->command)
        attempt->command = result.command;
    return result;
}

void attempt_forget(const char *run_directory, int64_t sequence, int64_t number)
{
    char *path = result_path(run_directory, sequence, number);
    lg_defer(free, path);
    unlink(path);
}

/* ---- in the attempt's process ---- */

/* What happens while a command is to end: its own end, the deadline, a wish that it ends. */
struct watch {
    int signals; /* -1: a sandbox refuses such descriptors, so the signals are asked for every now and then */
    sigset_t taken;
    int result, report;
    pid_t command;
    bool ended;
    int not_executed; /* the errno value with which it could not be executed; negative: nor enter its directory */
    int32_t verdict; /* why it is being ended: ATTEMPT_TIMEOUT or ATTEMPT_ENDED; 0: it is not */
    bool told;       /* SIGTERM has come */
};

static void tell(const struct watch *watch, struct attempt_result result)
{
    ssize_t in_file = pwrite(watch->result, &result, sizeof result, 0);
    ssize_t in_pipe = write(watch->report, &result, sizeof result);
    (void)in_file;
    (void)in_pipe;
}

static struct attempt_result result_of(const struct watch *watch, const siginfo_t *end)
{
    struct attempt_result result = {.command = watch->command};
    if (watch->not_executed) {
        result.end = watch->not_executed < 0 ? ATTEMPT_NO_DIRECTORY : ATTEMPT_NOT_STARTED;
        result.number = abs(watch->not_executed);
    } else if (watch->verdict) {
        result.end = watch->verdict;
    } else {
        result.end = end->si_code == CLD_EXITED ? ATTEMPT_EXITED : ATTEMPT_SIGNALLED;
        result.number = end->si_status;
    }
    return result;
}

/* The result is told before the command is taken off the process table: if we are killed in between, the owner becomes its
 * parent, and asks the kernel itself. */
static void reap(struct watch *watch)
{
    siginfo_t info;
    for (;;) {
        info.si_pid = 0;
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0)
            return;
        if (info.si_pid == watch->command && !watch->ended) {
            watch->ended = true;
            tell(watch, result_of(watch, &info));
        }
        waitid(P_PID, (id_t)info.si_pid, &info, WEXITED | WNOHANG);
    }
}

static void watch_signals(struct watch *watch)
{
    struct signalfd_siginfo info;
    while (read(watch->signals, &info, sizeof info) == sizeof info)
        if (info.ssi_signo == SIGTERM)
            watch->told = true;
    const struct timespec at_once = {0};
    for (int number = 1; watch->signals < 0 && number > 0;) {
        number = sigtimedwait(&watch->taken, NULL, &at_once);
        watch->told |= number == SIGTERM;
    }
    reap(watch);
}

static void watch_until(void *data, lg_time deadline)
{
    struct watch *watch = data;
    struct pollfd fd = {.fd = watch->signals, .events = POLLIN};
    poll(&fd, 1, sweep_poll_timeout(deadline));
    watch_signals(watch);
}

/* Until it has ended, or is to be. */
static void wait_for_command(struct watch *watch, lg_duration timeout)
{
    lg_time deadline = timeout > 0 ? lg_now() + timeout : 0;
    reap(watch);
    while (!watch->ended && !watch->verdict) {
        watch_until(watch, deadline);
        if (watch->told)
            watch->verdict = ATTEMPT_ENDED;
        else if (deadline != 0 && lg_now() >= deadline)
            watch->verdict = ATTEMPT_TIMEOUT;
    }
}

/* The terminal stays the terminal (`stty`); another input belongs to the command, and is not the cleanup's to eat. */
static void set_input(void)
{
    if (isatty(STDIN_FILENO))
        return;
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd > STDIN_FILENO) {
        dup2(fd, STDIN_FILENO);
        close(fd);
    }
}

/* Cuts names off the end of `path` until what is left is there; returns how many. */
static size_t cut_to_ancestor(char *path)
{
    size_t cut = 0;
    do {
        char *slash = strrchr(path, '/');
        if (!slash)
            return 0;
        slash[slash == path] = '\0';
        cut++;
    } while (access(path, F_OK) != 0 && strcmp(path, "/") != 0);
    return cut;
}

/* `depth` directories, one in the other; enters the last one, and removes them all. */
static bool enter_removed(struct buffer *path, size_t depth)
{
    buffer_format(path, "/.lifoguard.%ld", (long)getpid());
    bool there = mkdir(path->text, 0700) == 0;
    for (size_t i = 1; i < depth && there; i++) {
        buffer_add_text(path, "/x");
        there = mkdir(path->text, 0700) == 0;
    }
    there = there && chdir(path->text) == 0;
    for (char *slash; depth > 0 && (slash = strrchr(path->text, '/')) != NULL; depth--) {
        rmdir(path->text);
        *slash = '\0';
    }
    return there;
}

/* A directory that the run itself has removed is no reason not to release the rest. A trap would run in the removed directory: that
 * is empty, and `..` leads to where it was. This makes the like of it. */
static bool enter_as_if_removed(const char *directory)
{
    struct buffer path = {0};
    lg_defer(buffer_free, &path);
    buffer_add_text(&path, directory);
    size_t depth = cut_to_ancestor(path.text);
    path.length = strlen(path.text);
    return depth > 0 && enter_removed(&path, depth);
}

static void say_directory_is_gone(const struct attempt *attempt)
{
    struct buffer what = {0};
    lg_defer(buffer_free, &what);
    spec_describe(&what, attempt->arguments);
    say("%s, the working directory of a cleanup, was removed: it runs as in an empty one: %s",
        attempt->directory, what.text);
}

static bool enter_directory(const struct attempt *attempt)
{
    if (chdir(attempt->directory) == 0)
        return true;
    int failed = errno;
    if (failed == ENOENT && !attempt->strict && enter_as_if_removed(attempt->directory)) {
        say_directory_is_gone(attempt);
        return true;
    }
    errno = failed;
    return false;
}

struct command {
    const struct attempt *attempt;
    const struct watch *watch;
};

/* It says itself which process it is, before it executes: so nothing of it can happen that the owner could not ask after. */
static void become(const void *data, int failure)
{
    const struct command *command = data;
    const struct attempt *attempt = command->attempt;
    tell(command->watch, (struct attempt_result){.end = ATTEMPT_LOST, .command = getpid()});
    setpgid(0, 0);
    set_input();
    if (!enter_directory(attempt)) {
        errno = -errno;
        child_fail(failure);
    }
    birth_give(attempt->birth, false);
    umask(attempt->umask);
    child_execute(attempt->arguments, attempt->environment, failure);
}

static void run_attempt(const struct attempt *attempt, int result, int report)
{
    struct watch watch = {
        .signals = birth_signals(attempt->birth), .result = result, .report = report};
    birth_taken(attempt->birth, &watch.taken);
    const struct command command = {attempt, &watch};
    int failed = child_start(become, &command, &watch.command, &watch.not_executed);
    if (failed) {
        tell(&watch, (struct attempt_result){.end = ATTEMPT_NOT_STARTED, .number = failed});
        return;
    }
    wait_for_command(&watch, attempt->timeout);
    /* What it started ends with it, in time or not. */
    struct sweep sweep = {.grace = attempt->grace,
                          .wait = watch_until,
                          .data = &watch,
                          .whose = "a cleanup",
                          .quiet = watch.verdict != 0};
    sweep_run(&sweep);
    /* A command that was killed is not waited for yet; one that outlives SIGKILL ends too late to be told of. */
    reap(&watch);
    if (!watch.ended)
        tell(&watch, (struct attempt_result){.end = watch.verdict, .command = watch.command});
}

/* Until it had a session of its own, it got what was sent to the group of its owner, Ctrl-C say. Only what its owner has sent is
 * for it. */
static void forget_signals_of_group(const struct attempt *attempt)
{
    sigset_t set;
    birth_taken(attempt->birth, &set);
    sigdelset(&set, SIGCHLD);
    siginfo_t info;
    bool told = false;
    while (sigtimedwait(&set, &info, &(struct timespec){0}) > 0)
        told |= info.si_code <= 0 && info.si_pid == getppid();
    if (told)
        kill(getpid(), SIGTERM);
}

static void set_streams(const struct attempt *attempt)
{
    say_through(NULL);
    if (attempt->empty_input) {
        close(STDIN_FILENO);
        open("/dev/null", O_RDONLY); /* NOLINT(android-cloexec-open): the lowest free one */
    }
    for (int i = 0; i < 2; i++)
        if (attempt->output[i])
            dup2(attempt->output[i], STDOUT_FILENO + i);
}

/* Never returns. It touches nothing of the owner's: no database, no sockets. */
static _Noreturn void be_attempt(const struct attempt *attempt, int go, int result, int report)
{
    setsid();
    forget_signals_of_group(attempt);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    prctl(PR_SET_NAME, "lifoguard-try");
    char byte;
    if (read(go, &byte, 1) != 1)
        _exit(0);
    set_streams(attempt);
    child_close_all_but(result, report);
    run_attempt(attempt, result, report);
    _exit(0);
}

/* The file has its space before the command runs: later the disk may be full. */
static int make_result(const struct attempt *attempt)
{
    if (!attempt->run_directory)
        return -1;
    char *path = result_path(attempt->run_directory, attempt->sequence, attempt->number);
    lg_defer(free, path);
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    const struct attempt_result none = {.end = ATTEMPT_LOST};
    if (fd >= 0 && pwrite(fd, &none, sizeof none, 0) < 0) {
        unlink(path);
        close(fd);
        fd = -1;
    }
    return fd;
}

lg_error *attempt_prepare(struct attempt *attempt)
{
    int go[2];
    int report[2];
    if (lgi_own_pipe(go, 0) != 0)
        return lg_error_new_errno("pipe");
    if (lgi_own_pipe(report, O_NONBLOCK) != 0) {
        int number = errno;
        close(go[0]);
        close(go[1]);
        return lg_error_new_code(number, "pipe");
    }
    /* If the disk has no room for it, the result reaches its owner only. */
    int result = make_result(attempt);
    pid_t pid = fork();
    int failed = errno;
    if (pid == 0) {
        close(go[1]);
        be_attempt(attempt, go[0], result, report[1]);
    }
    close(go[0]);
    close(report[1]);
    if (result >= 0)
        close(result);
    attempt->go = go[1];
    attempt->report = report[0];
    if (pid < 0) {
        close(go[1]);
        close(report[0]);
        return lg_error_new_code(failed, "fork");
    }
    process_read(pid, &attempt->process);
    return NULL;
}

void attempt_go(struct attempt *attempt, bool go)
{
    ssize_t written = go ? write(attempt->go, "", 1) : 0;
    (void)written;
    close(attempt->go);
    attempt->go = -1;
}

bool attempt_is_good(const struct attempt_result *result)
{
    return result->end == ATTEMPT_EXITED && result->number == 0;
}

enum tried attempt_tried(const struct attempt_result *result)
{
    switch (result->end) {
    case ATTEMPT_LOST: return TRIED_LOST;
    case ATTEMPT_ENDED: return TRIED_ENDED;
    case ATTEMPT_NOT_STARTED: return TRIED_NOT_STARTED;
    default: return attempt_is_good(result) ? TRIED_GOOD : TRIED_FAILED;
    }
}

const char *attempt_describe(const struct attempt_result *result, lg_duration timeout,
                             const char *directory, char text[ATTEMPT_TEXT_SIZE])
{
    char duration[SAY_DURATION_SIZE];
    switch (result->end) {
    case ATTEMPT_EXITED:
        snprintf(text, ATTEMPT_TEXT_SIZE, "exit status %d", (int)result->number);
        break;
    case ATTEMPT_SIGNALLED:
        snprintf(text, ATTEMPT_TEXT_SIZE, "killed by %s", signals_name(result->number));
        break;
    case ATTEMPT_TIMEOUT:
        snprintf(text, ATTEMPT_TEXT_SIZE, "not done within %s", say_duration(timeout, duration));
        break;
    case ATTEMPT_ENDED: snprintf(text, ATTEMPT_TEXT_SIZE, "ended by a signal to lifoguard"); break;
    case ATTEMPT_NOT_STARTED:
        snprintf(text, ATTEMPT_TEXT_SIZE, "could not be started: %s", strerror(result->number));
        break;
    case ATTEMPT_NO_DIRECTORY:
        snprintf(text, ATTEMPT_TEXT_SIZE,
                 "not started: its working directory %.*s cannot be entered: %s",
                 ATTEMPT_TEXT_SIZE / 2,
                 *directory ? directory : "was deleted before, and an empty one",
                 strerror(result->number));
        break;
    default: snprintf(text, ATTEMPT_TEXT_SIZE, "its attempt was killed"); break;
    }
    return text;
}
