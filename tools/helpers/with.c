#define _GNU_SOURCE
#include "child.h"
#include "closers/own_fd.h"
#include "ending.h"
#include "helpers.h"
#include "options.h"
#include "say.h"
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <lifoguard/defer.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

static const char help[] =
    "usage: lifoguard with --timeout DURATION [--grace DURATION] [--] COMMAND [ARG…]\n"
    "\n"
    "Runs COMMAND, and ends it when its time is over, with everything that it has started, and names what\n"
    "it ended. Unlike timeout(1) it leaves COMMAND in its process group: Ctrl-C, Ctrl-Z and reading from\n"
    "the terminal work, and a signal arrives once. What COMMAND leaves running when it ends in time is\n"
    "left alone.\n"
    "\n"
    "  --timeout DURATION   from the start to SIGTERM\n"
    "  --grace DURATION     from SIGTERM to SIGKILL (10s)\n"
    "\n"
    "Exit status: COMMAND's own; 124 its time was over; 125 lifoguard itself failed; 126, 127 as of a\n"
    "shell; 128 + N: signal N ended it.\n";

enum { EXIT_TIMEOUT = 124, EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127 };

struct with {
    struct birth birth;
    int signals;
    pid_t command;
    bool ended;
    siginfo_t end;
};

static void reap(struct with *with)
{
    siginfo_t info;
    for (;;) {
        info.si_pid = 0;
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0)
            return;
        if (info.si_pid == with->command) {
            with->ended = true;
            with->end = info;
        }
    }
}

/* What the terminal sends, COMMAND has got already. */
static void step(void *data, lg_time deadline)
{
    struct with *with = data;
    struct pollfd fd = {.fd = with->signals, .events = POLLIN};
    poll(&fd, 1, ending_poll_timeout(deadline));
    struct signalfd_siginfo info;
    while (read(with->signals, &info, sizeof info) == sizeof info)
        if (info.ssi_signo != SIGCHLD && info.ssi_code != SI_KERNEL && !with->ended)
            kill(with->command, (int)info.ssi_signo);
    reap(with);
}

static int start(struct with *with, char **command)
{
    int failure[2];
    if (lgi_own_pipe(failure, 0) != 0)
        return errno;
    with->command = fork();
    if (with->command < 0) {
        int failed = errno;
        close(failure[0]);
        close(failure[1]);
        return failed;
    }
    if (with->command == 0) {
        birth_give(&with->birth, true);
        union {
            char **mine;
            const char *const *text;
        } words = {.mine = command}, here = {.mine = environ};
        child_execute(words.text, here.text, failure[1]);
    }
    close(failure[1]);
    int failed = child_failure(failure[0]);
    close(failure[0]);
    return failed;
}

static int run(struct with *with, lg_duration timeout, lg_duration grace)
{
    char text[SAY_DURATION_SIZE];
    lg_time deadline = lg_now() + timeout;
    reap(with);
    while (!with->ended && lg_now() < deadline)
        step(with, deadline);
    if (with->ended)
        return with->end.si_code == CLD_EXITED ? with->end.si_status : 128 + with->end.si_status;
    say("with: not done within %s", say_duration(timeout, text));
    struct ending ending = {.grace = grace, .wait = step, .data = with, .whose = "the command"};
    ending_run(&ending);
    return EXIT_TIMEOUT;
}

int with_command(char **arguments)
{
    bool show_help = false;
    lg_duration timeout = 0;
    lg_duration grace = 10 * LG_SECOND;
    const struct option table[] = {{"timeout", OPTION_DURATION, &timeout},
                                   {"grace", OPTION_DURATION, &grace},
                                   {"help", OPTION_FLAG, &show_help},
                                   {0}};
    lg_error *err = options_take(table, &arguments);
    if (!err && show_help)
        return fputs(help, stdout) == EOF;
    if (!err && timeout == 0)
        err = lg_error_new("how long? --timeout DURATION");
    if (!err && !*arguments)
        err = lg_error_new("which COMMAND?");
    if (err)
        return wrong_usage("with", err);
    struct with with = {0};
    birth_take(&with.birth);
    lg_defer(birth_free, &with.birth);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    with.signals = birth_signals(&with.birth);
    int failed = start(&with, arguments);
    if (!failed)
        return run(&with, timeout, grace);
    say("with: %s: %s", arguments[0], strerror(failed));
    return failed == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
}
