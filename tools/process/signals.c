#include "signals.h"

#include <signal.h>
#include <stddef.h>

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
    size_t count = sizeof(signal_names) / sizeof(signal_names[0]);
    return number > 0 && (size_t)number < count && signal_names[number] ? signal_names[number]
                                                                        : "an unknown signal";
}
