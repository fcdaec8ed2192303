#define _GNU_SOURCE
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

#include "closers/own_fd.h"
#include "error/keep_errno.h"
#include "time/clock.h"

static int ends[2] = {-1, -1};

static struct {
    int number;
    bool ignore; /* rather than catch */
    bool changed;
    struct sigaction before;
} handled[] = {{.number = SIGINT},
               {.number = SIGTERM},
               {.number = SIGHUP},
               {.number = SIGQUIT},
               {.number = SIGCHLD},
               {.number = SIGWINCH},
               {.number = SIGPIPE, .ignore = true},
               {.number = SIGTTOU, .ignore = true}};

enum { HANDLED = sizeof handled / sizeof handled[0] };

/* The pipe is full only if thousands of signals wait in it; one more would say nothing new. */
static void handler(int number)
{
    LGI_KEEP_ERRNO;
    unsigned char byte = (unsigned char)number;
    ssize_t written = write(ends[1], &byte, 1);
    (void)written;
}

lg_error *signals_open(void)
{
    if (lgi_own_pipe(ends, O_NONBLOCK) != 0)
        return lg_error_new_errno("pipe");
    for (unsigned i = 0; i < HANDLED; i++) {
        if (sigaction(handled[i].number, NULL, &handled[i].before) != 0)
            return lg_error_new_errno("sigaction");
        /* An ignored SIGCHLD would take the children's exit statuses away. */
        if (handled[i].before.sa_handler == SIG_IGN && handled[i].number != SIGCHLD)
            continue;
        struct sigaction action = {.sa_flags = SA_RESTART};
        action.sa_handler = handled[i].ignore ? SIG_IGN : handler;
        /* Of two that are pending, the kernel would run the handler of the second one inside of that of the first one, before it. */
        sigfillset(&action.sa_mask);
        if (sigaction(handled[i].number, &action, NULL) != 0)
            return lg_error_new_errno("sigaction");
        handled[i].changed = true;
    }
    return NULL;
}

void signals_close(void)
{
    for (unsigned i = 0; i < HANDLED; i++) {
        if (handled[i].changed)
            sigaction(handled[i].number, &handled[i].before, NULL);
        handled[i].changed = false;
    }
    for (int i = 0; i < 2; i++) {
        if (ends[i] >= 0)
            close(ends[i]);
        ends[i] = -1;
    }
}

/* timeout(1) signals its child and then the group, npm and terminals do so too: the same signal in quick
 * succession is one request. */
static bool is_repetition(int number)
{
    static int last;
    static lg_time when;
    if (number == SIGCHLD || number == SIGWINCH)
        return false;
    lg_time now = lg_now();
    if (number == last && now - when < SIGNALS_SAME)
        return true;
    last = number;
    when = now;
    return false;
}

int signals_next(void)
{
    unsigned char byte;
    while (read(ends[0], &byte, 1) == 1)
        if (!is_repetition(byte))
            return byte;
    return 0;
}

static void wait_by_poll(int fd, lg_duration limit)
{
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    poll(&entry, 1, lgi_milliseconds(limit));
}

static void (*wait_for)(int fd, lg_duration limit) = wait_by_poll;

void signals_wait_with(void (*wait)(int fd, lg_duration limit))
{
    wait_for = wait;
}

void signals_wait(lg_time deadline)
{
    /* Not for ever: if ever a signal were lost, it would cost a second. */
    lg_duration limit = LG_SECOND;
    if (deadline != 0) {
        lg_duration left = lgi_time_left(deadline);
        limit = left < limit ? left : limit;
    }
    wait_for(ends[0], limit);
}

sigset_t signals_of_child(void)
{
    /* Those that are caught become the default by themselves. */
    sigset_t reset;
    sigemptyset(&reset);
    for (unsigned i = 0; i < HANDLED; i++)
        if (handled[i].changed)
            sigaddset(&reset, handled[i].number);
    return reset;
}

/* Constants, so that two names can stand in one message, and none changes behind a caller's back. */
static const char *const signal_names[] = {
    [SIGHUP] = "SIGHUP",       [SIGINT] = "SIGINT",       [SIGQUIT] = "SIGQUIT",
    [SIGILL] = "SIGILL",       [SIGTRAP] = "SIGTRAP",     [SIGABRT] = "SIGABRT",
    [SIGBUS] = "SIGBUS",       [SIGFPE] = "SIGFPE",       [SIGKILL] = "SIGKILL",
    [SIGUSR1] = "SIGUSR1",     [SIGSEGV] = "SIGSEGV",     [SIGUSR2] = "SIGUSR2",
    [SIGPIPE] = "SIGPIPE",     [SIGALRM] = "SIGALRM",     [SIGTERM] = "SIGTERM",
    [SIGSTKFLT] = "SIGSTKFLT", [SIGCHLD] = "SIGCHLD",     [SIGCONT] = "SIGCONT",
    [SIGSTOP] = "SIGSTOP",     [SIGTSTP] = "SIGTSTP",     [SIGTTIN] = "SIGTTIN",
    [SIGTTOU] = "SIGTTOU",     [SIGURG] = "SIGURG",       [SIGXCPU] = "SIGXCPU",
    [SIGXFSZ] = "SIGXFSZ",     [SIGVTALRM] = "SIGVTALRM", [SIGPROF] = "SIGPROF",
    [SIGWINCH] = "SIGWINCH",   [SIGIO] = "SIGIO",         [SIGPWR] = "SIGPWR",
    [SIGSYS] = "SIGSYS",       [32] = "signal 32",        [33] = "signal 33",
    [34] = "signal 34",        [35] = "signal 35",        [36] = "signal 36",
    [37] = "signal 37",        [38] = "signal 38",        [39] = "signal 39",
    [40] = "signal 40",        [41] = "signal 41",        [42] = "signal 42",
    [43] = "signal 43",        [44] = "signal 44",        [45] = "signal 45",
    [46] = "signal 46",        [47] = "signal 47",        [48] = "signal 48",
    [49] = "signal 49",        [50] = "signal 50",        [51] = "signal 51",
    [52] = "signal 52",        [53] = "signal 53",        [54] = "signal 54",
    [55] = "signal 55",        [56] = "signal 56",        [57] = "signal 57",
    [58] = "signal 58",        [59] = "signal 59",        [60] = "signal 60",
    [61] = "signal 61",        [62] = "signal 62",        [63] = "signal 63",
    [64] = "signal 64",
};

const char *signals_name(int number)
{
    size_t count = sizeof signal_names / sizeof signal_names[0];
    return number > 0 && (size_t)number < count && signal_names[number] ? signal_names[number]
                                                                        : "an unknown signal";
}
