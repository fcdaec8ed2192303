#define _GNU_SOURCE
#include "attempt_process.h"

#include "direct.h"
#include "directory.h"
#include "duration.h"
#include "execute.h"
#include "message.h"
#include "sweep.h"

#include <errno.h>
#include <fcntl.h>
#include <lifoguard/defer.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

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
    ssize_t in_file = pwrite(watch->result, &result, sizeof(result), 0);
    ssize_t in_pipe = write(watch->report, &result, sizeof(result));
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
    while (read(watch->signals, &info, sizeof(info)) == sizeof(info))
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
    lg_time deadline = duration_deadline(timeout);
    reap(watch);
    while (!watch->ended && !watch->verdict) {
        watch_until(watch, deadline);
        if (watch->told)
            watch->verdict = ATTEMPT_ENDED;
        else if (lg_now() >= deadline)
            watch->verdict = ATTEMPT_TIMEOUT;
    }
}

/* The terminal stays the terminal (`stty`); another input belongs to the command, and is not the cleanup's to eat. */
static void set_input(void)
{
    if (isatty(STDIN_FILENO))
        return;
    int fd = child_open_empty(O_RDONLY | O_CLOEXEC);
    if (fd > STDIN_FILENO) {
        dup2(fd, STDIN_FILENO);
        close(fd);
    }
}

/* A shell would set PWD to the directory that it finds itself in. */
static bool has_its_directory(const struct attempt *attempt)
{
    const char *here = attempt->directory;
    for (const char *const *at = attempt->environment; *at; at++)
        if (strncmp(*at, "PWD=", 4) == 0)
            here = *at + 4;
    return strcmp(here, attempt->directory) == 0;
}

/* A program and plain words need no shell, which could want for a process to fork. If there is no such program, it is for the shell to say
 * so. */
static void try_without_shell(const struct attempt *attempt)
{
    char **words = has_its_directory(attempt) ? direct_words_of_shell(attempt->arguments) : NULL;
    if (!words)
        return;
    union {
        char **mine;
        const char *const *text;
    } direct = {.mine = words};
    child_try_execute(direct.text, attempt->environment);
    free(words);
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
    if (!directory_enter(attempt)) {
        errno = -errno;
        child_fail(failure);
    }
    birth_give(attempt->birth, false);
    umask(attempt->umask);
    try_without_shell(attempt);
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

/* A pipe whose reader has ended, or a terminal that is gone: SIGPIPE or an error at its first line would keep a cleanup from
 * releasing what it is there for. */
static void drop_output_without_reader(int fd)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
    if (poll(&poll_fd, 1, 0) <= 0 || !(poll_fd.revents & (POLLERR | POLLHUP)))
        return;
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere < 0)
        return;
    dup2(nowhere, fd);
    close(nowhere);
}

static void set_streams(const struct attempt *attempt)
{
    message_redirect(NULL);
    if (attempt->empty_input) {
        close(STDIN_FILENO);
        child_open_empty(O_RDONLY); /* the lowest free one */
    }
    for (int i = 0; i < 2; i++)
        if (attempt->output[i])
            dup2(attempt->output[i], STDOUT_FILENO + i);
    drop_output_without_reader(STDOUT_FILENO);
    drop_output_without_reader(STDERR_FILENO);
}

_Noreturn void attempt_be(const struct attempt *attempt, int go, int result, int report)
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
