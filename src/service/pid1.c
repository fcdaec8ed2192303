/* An init of one page: waits for signals, and for children. */
#define _GNU_SOURCE
#include <lifoguard/service.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "closers/own_fd.h"
#include "time/clock.h"

enum { SIGNALLED = 128 };

static int status_of(int status)
{
    return WIFSIGNALED(status) ? SIGNALLED + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Reaps all that have ended. True once the main child has, with its status. */
static bool reap(pid_t child, int *child_status)
{
    bool ended = false;
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0 || (pid < 0 && errno == EINTR)) {
        if (pid == child) {
            *child_status = status;
            ended = true;
        }
    }
    return ended;
}

/* Until nobody is left, or until then. */
static void reap_until(const sigset_t *waited, lg_time end)
{
    int status;
    for (;;) {
        pid_t pid = waitpid(-1, &status, WNOHANG);
        if (pid > 0 || (pid < 0 && errno == EINTR))
            continue;
        lg_duration rest = lgi_time_left(end);
        if (pid < 0 || rest <= 0)
            return;
        const struct timespec time = lgi_timespec(rest);
        sigtimedwait(waited, NULL, &time);
    }
}

static void guard(pid_t child, const lg_pid1_options *options, const sigset_t *waited)
{
    pid_t target = options->group ? -child : child;
    int status = 0;
    for (;;) {
        siginfo_t info;
        int number = sigwaitinfo(waited, &info);
        if (number < 0 || number == SIGCHLD) {
            if (reap(child, &status))
                break;
            continue;
        }
        /* What a terminal sends, it sends to the child too, if that is in our group: twice would be once too often. */
        if (info.si_code == SI_KERNEL && !options->group)
            continue;
        if (kill(target, number) != 0 && errno == ESRCH && options->group)
            kill(child, number);
    }
    if (options->grace > 0) {
        if (getpid() == 1)
            kill(-1, SIGTERM);
        reap_until(waited, lgi_time_in(options->grace));
    }
    _exit(status_of(status));
}

/* A group of its own, in the foreground if `group` is, which was the process's. (The guard may have moved this one out of it
 * already.) */
static void separate(pid_t group)
{
    int terminal = lgi_own_fd(open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
    bool foreground = terminal >= 0 && tcgetpgrp(terminal) == group;
    setpgid(0, 0);
    if (foreground) {
        sigset_t out, before;
        sigemptyset(&out);
        sigaddset(&out, SIGTTOU);
        sigprocmask(SIG_BLOCK, &out, &before);
        tcsetpgrp(terminal, getpgrp());
        sigprocmask(SIG_SETMASK, &before, NULL);
    }
    if (terminal >= 0)
        close(terminal);
}

/* All that is passed on, and SIGCHLD. */
static void fill(sigset_t *waited)
{
    static const int others[] = {SIGSEGV, SIGBUS, SIGFPE,  SIGILL,  SIGTRAP,
                                 SIGABRT, SIGSYS, SIGTTIN, SIGTTOU, SIGTSTP};
    sigfillset(waited);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        sigdelset(waited, others[i]);
}

lg_error *lg_pid1_guard(const lg_pid1_options *options)
{
    static const lg_pid1_options none;
    if (!options)
        options = &none;
    if (getpid() != 1 && !options->always)
        return NULL;

    sigset_t waited, before;
    struct sigaction usual = {.sa_handler = SIG_DFL}, chld;
    fill(&waited);
    /* From here on none is lost: what comes before the child is there waits. */
    sigprocmask(SIG_BLOCK, &waited, &before);
    /* Ignored, children would be reaped by the kernel, with their statuses. */
    sigaction(SIGCHLD, &usual, &chld);

    pid_t group = getpgrp(), child = fork();
    if (child == 0) {
        if (options->group)
            separate(group);
        sigaction(SIGCHLD, &chld, NULL);
        sigprocmask(SIG_SETMASK, &before, NULL);
        return NULL;
    }
    int failed = errno;
    if (child > 0) {
        if (getpid() != 1)
            prctl(PR_SET_CHILD_SUBREAPER, 1UL);
        if (options->group)
            setpgid(child, child); /* both do it: whoever is first */
        guard(child, options, &waited);
    }
    sigaction(SIGCHLD, &chld, NULL);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return lg_error_new_code(failed, "guard process 1: fork");
}
