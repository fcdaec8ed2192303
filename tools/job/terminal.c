#define _GNU_SOURCE
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "closers/own_fd.h"

static int terminal = -1;
static bool given;
static bool has_settings;
static struct termios settings;

static bool open_terminal(void)
{
    if (terminal < 0)
        terminal = lgi_own_fd(open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
    return terminal >= 0;
}

static bool give(pid_t group)
{
    if (!open_terminal())
        return false;
    if (tcgetpgrp(terminal) != getpgrp()) {
        /* lifoguard is in the background itself: stop, as the job would have, until `fg`. */
        kill(0, SIGTTIN);
        if (tcgetpgrp(terminal) != getpgrp())
            return false;
    }
    has_settings = tcgetattr(terminal, &settings) == 0;
    given = tcsetpgrp(terminal, group) == 0;
    return given;
}

static bool is_pipe(int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode);
}

int terminal_to_give(void)
{
    if (!open_terminal() || tcgetpgrp(terminal) != getpgrp())
        return -1;
    bool seen = false;
    for (int fd = 0; fd <= STDERR_FILENO; fd++) {
        if (is_pipe(fd))
            return -1;
        seen = seen || isatty(fd);
    }
    if (!seen)
        return -1;
    has_settings = tcgetattr(terminal, &settings) == 0;
    return terminal;
}

void terminal_was_given(void)
{
    given = true;
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
        kill(0, SIGTSTP);
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
