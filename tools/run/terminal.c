#define _GNU_SOURCE
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include "closers/own_fd.h"

static int terminal = -1;
static bool given;
static bool has_settings;
static struct termios settings;

static bool give(pid_t group)
{
    if (terminal < 0)
        terminal = lgi_own_fd(open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
    if (terminal < 0)
        return false;
    if (tcgetpgrp(terminal) != getpgrp()) {
        /* lifoguard is in the background itself: stop, as the job would have, until `fg`. */
        kill(getpid(), SIGTTIN);
        if (tcgetpgrp(terminal) != getpgrp())
            return false;
    }
    has_settings = tcgetattr(terminal, &settings) == 0;
    given = tcsetpgrp(terminal, group) == 0;
    return given;
}

bool terminal_stopped(pid_t group, int number)
{
    bool wants = number == SIGTTIN || number == SIGTTOU;
    /* Ctrl-Z in a job that has the terminal: the user wants the shell back. */
    bool suspended = given && number == SIGTSTP;
    if (!wants && !suspended)
        return true; /* whoever stopped it will let it go on */
    if (suspended) {
        terminal_take_back(true);
        kill(getpid(), SIGTSTP);
    }
    bool has_it = give(group);
    kill(-group, SIGCONT);
    return has_it;
}

bool terminal_take_back(bool put_right)
{
    if (!given)
        return false;
    given = false;
    tcsetpgrp(terminal, getpgrp());
    if (put_right && has_settings)
        tcsetattr(terminal, TCSADRAIN, &settings);
    return true;
}
