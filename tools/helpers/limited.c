#define _GNU_SOURCE
#include "limited.h"

#include "closers/own_fd.h"
#include "execute.h"
#include "sweep.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

void limited_open(struct limited *limited)
{
    *limited = (struct limited){.output = -1};
    birth_take(&limited->birth);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    limited->signals = birth_signals(&limited->birth);
}

void limited_close(struct limited *limited)
{
    if (limited->signals >= 0)
        close(limited->signals);
    birth_free(&limited->birth);
}

static void reap(struct limited *limited)
{
    pid_t pid;
    for (int status; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        if (pid != limited->command)
            continue;
        limited->ended = true;
        limited->end = status;
    }
}

/* What the terminal sends, the command has got already. */
static void step(void *data, lg_time deadline)
{
    struct limited *limited = data;
    struct pollfd fd = {.fd = limited->signals, .events = POLLIN};
    poll(&fd, 1, ending_poll_timeout(deadline));
    struct signalfd_siginfo info;
    while (read(limited->signals, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGCHLD)
            continue;
        limited->asked = (int)info.ssi_signo;
        if (info.ssi_code != SI_KERNEL && limited->command > 0 && !limited->ended)
            kill(limited->command, (int)info.ssi_signo);
    }
    reap(limited);
}

void limited_step(struct limited *limited, lg_time deadline)
{
    step(limited, deadline);
}

static _Noreturn void be_command(const struct limited *limited, char **command, int failure)
{
    birth_give(&limited->birth, true);
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO && limited->output >= 0; fd++)
        dup2(limited->output, fd);
    union {
        char **mine;
        const char *const *text;
    } words = {.mine = command}, here = {.mine = environ};
    child_execute(words.text, here.text, failure);
}

int limited_start(struct limited *limited, char **command)
{
    int failure[2];
    if (lgi_own_pipe(failure, 0) != 0)
        return errno;
    limited->ended = false;
    limited->command = fork();
    if (limited->command < 0) {
        int failed = errno;
        close(failure[0]);
        close(failure[1]);
        return failed;
    }
    if (limited->command == 0)
        be_command(limited, command, failure[1]);
    close(failure[1]);
    int failed = child_failure(failure[0]);
    close(failure[0]);
    return failed;
}

void limited_await(struct limited *limited, lg_time deadline)
{
    reap(limited);
    while (!limited->ended && lg_now() < deadline)
        step(limited, deadline);
}

void limited_end(struct limited *limited, lg_duration grace, bool quiet)
{
    struct ending ending = {
        .grace = grace, .wait = step, .data = limited, .whose = "the command", .quiet = quiet};
    ending_run(&ending);
}

void limited_die(int number)
{
    struct sigaction action = {.sa_flags = 0};
    action.sa_handler = SIG_DFL;
    sigaction(number, &action, NULL);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, number);
    raise(number);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}
