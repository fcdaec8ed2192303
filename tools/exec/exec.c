#define _GNU_SOURCE
#include "exec.h"

#include "command.h"
#include "front.h"
#include "guardian.h"
#include "message.h"
#include "options.h"
#include "place.h"
#include "random.h"
#include "request.h"
#include "sandbox.h"
#include "secrecy.h"
#include "signal_fd.h"
#include "status.h"

#include <errno.h>
#include <fcntl.h>
#include <lifoguard/defer.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const char help[] =
    "usage: lifoguard exec [OPTIONS] [--] COMMAND [ARG…]\n"
    "\n"
    "Runs COMMAND. In COMMAND, and in all that COMMAND starts, `lifoguard defer CLEANUP…` registers a\n"
    "cleanup. When COMMAND ends, in whatever way, the cleanups run, the last registered first. They\n"
    "also run if lifoguard itself is killed (kill -9), and after a power cut (lifoguard recover --all\n"
    "at boot).\n"
    "\n"
    "As a script's first line:  #!/usr/bin/env -S lifoguard exec bash\n"
    "\n"
    "COMMAND has its terminal, descriptors, arguments and signals as without lifoguard, and the exit\n"
    "status is COMMAND's own. Processes that COMMAND left running are ended (SIGTERM, then SIGKILL)\n"
    "and named on stderr: before a cleanup runs, those that were started after it was registered;\n"
    "at the end, the rest. The cleanups of an `exec` inside an `exec` run when the inner one ends.\n"
    "\n"
    "  --timeout DURATION   ends COMMAND after that time (90s, 1m30s; 0s: no limit); exit status 124\n"
    "  --grace DURATION     how long COMMAND, and what it left, has from SIGTERM to SIGKILL (10s)\n"
    "  --keep               leaves the cleanups to a later `lifoguard recover`, and lists them; ends no\n"
    "                       process that still runs; also with KEEP=1 in the environment\n"
    "  --state DIRECTORY    where the cleanups are recorded ($XDG_STATE_HOME/lifoguard)\n"
    "  --secret NAME[,NAME] further variables that are kept in memory only (see lifoguard defer --help)\n"
    "  --verbose            says which cleanups have run\n"
    "\n"
    "Signals: SIGINT, SIGTERM, SIGHUP and SIGQUIT are passed on to COMMAND. If COMMAND has not ended\n"
    "after the grace period, SIGTERM and then SIGKILL follow. While cleanups run, a first signal changes\n"
    "nothing, and each further signal ends the cleanup that runs. Other signals (SIGUSR1, SIGWINCH,\n"
    "SIGRTMIN+3) are passed on, and nothing follows.\n"
    "\n"
    "Exit status: COMMAND's own (or its signal); 124 time-out; 125 lifoguard itself failed; 126 COMMAND\n"
    "cannot be executed; 127 it was not found.\n";

struct runner {
    struct guardian_start start;
    int signals, front;
    sigset_t other_signals;
    int others; /* where those are read; -1: nowhere */
    int stopping; /* SIGTSTP has come, to the command too, which has not stopped yet: look after so many ms. 0: no */
    pid_t guardian;
    bool done;
    struct guardian_legacy legacy;
};

/* Letters and digits that nobody mixes up. */
static lg_error *make_id(char id[RUN_ID_SIZE])
{
    static const char letters[] = "abcdefghjkmnpqrstuvwxyz023456789";
    unsigned char bytes[10];
    lg_error *err = random_fill(bytes, sizeof(bytes));
    if (err)
        return err;
    for (size_t i = 0; i < sizeof(bytes); i++)
        id[i] = letters[bytes[i] % (sizeof(letters) - 1)];
    id[sizeof(bytes)] = '\0';
    return NULL;
}

/* In the foreground of a terminal, or as a shell's own job, the command stays in our process group, so that the terminal, Ctrl-Z
 * and `fg` treat it as they would without us. Elsewhere (below timeout(1), without a terminal) it has a group of its own:
 * then signals to our group reach it once, from us. */
static bool wants_own_group(void)
{
    int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (terminal < 0)
        return true;
    bool foreground = tcgetpgrp(terminal) == getpgrp();
    close(terminal);
    return !foreground && getpgrp() != getpid();
}

static lg_error *start_guardian(struct runner *runner)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return lg_error_new_errno("socketpair");
    runner->guardian = fork();
    lg_error *error = runner->guardian < 0 ? lg_error_new_errno("fork") : NULL;
    if (runner->guardian == 0) {
        close(ends[0]);
        close(runner->signals);
        guardian_be(&runner->start, ends[1]);
    }
    close(ends[1]);
    runner->front = ends[0];
    return error;
}

static void pass_signal(struct runner *runner, int number, bool from_terminal)
{
    /* The guardian may be killed before it acts on the signal. */
    if (owner_is_request(number)) {
        runner->legacy.passed = number;
        runner->legacy.from_terminal = from_terminal;
    }
    front_send(runner->front, FRONT_SIGNAL, number, from_terminal);
}

static void pass_signals(struct runner *runner)
{
    struct signalfd_siginfo info;
    while (read(runner->signals, &info, sizeof(info)) == sizeof(info))
        if (info.ssi_signo != SIGCHLD)
            pass_signal(runner, (int)info.ssi_signo, signal_is_of_terminal(&info));
}

/* False: the guardian is gone. */
static bool take_message(struct runner *runner)
{
    struct front_message message;
    struct guardian_legacy *legacy = &runner->legacy;
    if (!front_receive(runner->front, &message))
        return false;
    if (message.kind == FRONT_STARTED) {
        process_read(message.a, &legacy->command);
        birth_close_inherited(runner->start.birth);
    } else if (message.kind == FRONT_ENDED) {
        legacy->ended = true;
        legacy->command_end = (siginfo_t){0};
        legacy->command_end.si_code = message.a;
        legacy->command_end.si_status = message.b;
    } else if (message.kind == FRONT_OUTCOME || message.kind == FRONT_DONE) {
        runner->done = message.kind == FRONT_DONE;
        legacy->has_end = true;
        legacy->end = (struct run_end){message.a, message.b};
    }
    return true;
}

/* ---- other signals ----
 *
 * A command may give any of them a meaning: some servers are asked to stop by SIGWINCH or SIGRTMIN+3. What the terminal sends,
 * the command has got itself. Those that a fault of this program raises are not among them. */

static void add_passed(sigset_t *set)
{
    static const int passed[] = {SIGWINCH, SIGALRM, SIGVTALRM, SIGPROF,
                                 SIGPWR,   SIGIO,   SIGURG,    SIGSTKFLT};
    for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++)
        sigaddset(set, passed[i]);
    for (int number = SIGRTMIN; number <= SIGRTMAX; number++)
        sigaddset(set, number);
}

/* SIGTSTP only if the command is sent it as well; the engine of a file has no use for the rest. */
static void watch_others(struct runner *runner)
{
    sigset_t *set = &runner->other_signals;
    sigemptyset(set);
    if (!runner->start.own_group)
        sigaddset(set, SIGTSTP);
    if (!runner->start.call)
        add_passed(set);
    sigset_t before;
    sigprocmask(SIG_BLOCK, set, &before);
    runner->others = signal_fd_open(set);
    if (runner->others < 0)
        sigprocmask(SIG_SETMASK, &before, NULL);
}

static void end_others(struct runner *runner)
{
    if (runner->others < 0)
        return;
    close(runner->others);
    sigprocmask(SIG_UNBLOCK, &runner->other_signals, NULL);
}

/* ---- Ctrl-Z ----
 *
 * The terminal sends SIGTSTP to the whole process group, and a shell takes the terminal back as soon as we have stopped. A
 * command that is about to stop, but has not had a processor yet, could still read what is typed for the shell. So we stop
 * after the command: if the command does not stop, we do not either. */

enum { FIRST_LOOK_MS = 5, MOST_MS = 500 };

static void stop(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTSTP);
    raise(SIGTSTP);
    sigprocmask(SIG_UNBLOCK, &set, NULL); /* stops here, until SIGCONT comes */
    sigprocmask(SIG_BLOCK, &set, NULL);
}

static void take_others(struct runner *runner)
{
    struct signalfd_siginfo info;
    while (runner->others >= 0 && read(runner->others, &info, sizeof(info)) == sizeof(info)) {
        bool from_terminal = signal_is_of_terminal(&info);
        if (info.ssi_signo == SIGTSTP)
            runner->stopping = FIRST_LOOK_MS;
        else if (!from_terminal || runner->start.own_group)
            pass_signal(runner, (int)info.ssi_signo, from_terminal);
    }
}

static void stop_if_asked(struct runner *runner)
{
    if (runner->stopping == 0)
        return;
    struct process now;
    const struct process *command = &runner->legacy.command;
    bool runs = command->pid > 0 && process_read(command->pid, &now) &&
                now.started == command->started && now.state != 'T' && now.state != 'Z';
    if (runs) {
        runner->stopping = 2 * runner->stopping < MOST_MS ? 2 * runner->stopping : MOST_MS;
        return;
    }
    runner->stopping = 0;
    stop();
}

static void attend(struct runner *runner)
{
    for (;;) {
        struct pollfd fds[] = {{.fd = runner->signals, .events = POLLIN},
                               {.fd = runner->front, .events = POLLIN},
                               {.fd = runner->others, .events = POLLIN}};
        poll(fds, 3, runner->stopping > 0 ? runner->stopping : -1);
        pass_signals(runner);
        take_others(runner);
        stop_if_asked(runner);
        if (fds[1].revents && !take_message(runner))
            return;
    }
}

static void await_guardian(const struct runner *runner)
{
    while (waitpid(runner->guardian, NULL, 0) < 0 && errno == EINTR)
        ;
}

/* So that who waits for us sees what became of the command, to the signal. */
static int leave(const struct run_end *end)
{
    if (end->b == 0)
        return end->a;
    const struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    struct sigaction action = {.sa_flags = 0};
    action.sa_handler = SIG_DFL;
    sigaction(end->b, &action, NULL);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, end->b);
    raise(end->b); /* not kill: another thread may wait for signals of the process */
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    return EXIT_SIGNAL + end->b;
}

static lg_error *run(struct runner *runner)
{
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    runner->signals = birth_signals(runner->start.birth);
    lg_error *err = start_guardian(runner);
    if (err)
        return err;
    watch_others(runner);
    attend(runner);
    await_guardian(runner);
    close(runner->signals);
    close(runner->front);
    if (!runner->done)
        end_others(runner);
    if (!runner->done)
        runner->legacy.end = guardian_replace(&runner->start, &runner->legacy);
    return NULL;
}

static int refuse(lg_error *err)
{
    lg_defer(lg_error_free, err);
    char *text = lg_error_text(err);
    lg_defer(free, text);
    print_message("%s", text ? text : "out of memory");
    return EXIT_WRONG_USAGE;
}

int exec_guarded(const struct guardian_start *start)
{
    lg_error *err = sandbox_check();
    if (err)
        return refuse(err);
    struct birth birth;
    birth_take(&birth);
    lg_defer(birth_free, &birth);
    request_adopt_run();
    struct runner runner = {.start = *start};
    runner.start.birth = &birth;
    runner.start.own_group = wants_own_group();
    runner.start.runner = process_self();
    runner.start.began = lg_now();
    err = make_id(runner.start.id);
    if (!err)
        err = run(&runner);
    return err ? refuse(err) : leave(&runner.legacy.end);
}

int exec_guarded_at(struct guardian_start *start, const char *wanted)
{
    char *place;
    lg_error *err = place_open(wanted, &place);
    if (err)
        return refuse(err);
    lg_defer(free, place);
    start->place = place;
    return exec_guarded(start);
}

int exec_command(char **arguments)
{
    const char *wanted = NULL;
    bool show_help = false;
    option_each *each_secret = secrecy_add;
    struct owner_options options = {.grace = 10 * LG_SECOND, .keep = options_keep_is_wanted()};
    const struct option table[] = {{"timeout", OPTION_DURATION, &options.timeout},
                                   {"grace", OPTION_DURATION, &options.grace},
                                   {"keep", OPTION_FLAG, &options.keep},
                                   {"state", OPTION_TEXT, &wanted},
                                   {"secret", OPTION_EACH, &each_secret},
                                   {"verbose", OPTION_FLAG, &options.verbose},
                                   {"help", OPTION_FLAG, &show_help},
                                   {0}};
    lg_error *err = options_take(table, &arguments);
    if (!err && show_help)
        return print_text(help);
    if (!err)
        err = command_check(arguments);
    if (err)
        return wrong_usage("exec", err);
    union {
        char **words;
        const char *const *text;
    } command = {.words = arguments};
    struct guardian_start start = {.arguments = command.text, .options = options};
    return exec_guarded_at(&start, wanted);
}
