#define _GNU_SOURCE
#include "limited.h"

#include "execute.h"
#include "signal_fd.h"
#include "sweep.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
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
    poll(&fd, 1, sweep_poll_timeout(deadline));
    struct signalfd_siginfo info;
    while (read(limited->signals, &info, sizeof(info)) == sizeof(info)) {
        if (info.ssi_signo == SIGCHLD)
            continue;
        limited->asked = (int)info.ssi_signo;
        if (!signal_is_of_terminal(&info) && limited->command > 0 && !limited->ended)
            kill(limited->command, (int)info.ssi_signo);
    }
    reap(limited);
}

void limited_step(struct limited *limited, lg_time deadline)
{
    step(limited, deadline);
}

struct command {
    const struct limited *limited;
    pid_t parent;
    char **words;
};

static void become(const void *data, int failure)
{
    const struct command *command = data;
    const struct limited *limited = command->limited;
    birth_give(&limited->birth, true);
    /* Without us, it would have no limit. */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != command->parent)
        raise(SIGTERM);
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO && limited->output >= 0; fd++)
        dup2(limited->output, fd);
    union {
        char **mine;
        const char *const *text;
    } words = {.mine = command->words}, here = {.mine = environ};
    child_execute(words.text, here.text, failure);
}

int limited_start(struct limited *limited, char **words)
{
    const struct command command = {limited, getpid(), words};
    int not_executed;
    limited->ended = false;
    int failed = child_start(become, &command, &limited->command, &not_executed);
    return failed ? failed : not_executed;
}

void limited_await(struct limited *limited, lg_time deadline)
{
    reap(limited);
    while (!limited->ended && lg_now() < deadline)
        step(limited, deadline);
}

void limited_end(struct limited *limited, lg_duration grace, bool quiet)
{
    struct sweep sweep = {
        .grace = grace, .wait = step, .data = limited, .whose = "the command", .quiet = quiet};
    sweep_run(&sweep);
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
