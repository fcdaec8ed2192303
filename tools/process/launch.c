#define _GNU_SOURCE
#include "launch.h"

#include "buffer.h"
#include "direct.h"
#include "ending.h"
#include "execute.h"
#include "message.h"

#include <errno.h>
#include <fcntl.h>
#include <lifoguard/lifoguard.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "error/refused.h"

void launch_as_born(struct launch *launch, const struct birth *birth)
{
    launch->mask = &birth->mask;
    birth_defaults(birth, &launch->defaults);
}

/* A command would have it from us. */
static bool is_passed_on(int fd)
{
    int flags = fcntl(fd, F_GETFD);
    return flags >= 0 && !(flags & FD_CLOEXEC);
}

/* make passes its job server on in descriptors, mostly 3 and 4: one that is in use is left alone. */
int launch_value_descriptor(void)
{
    int fd = 9;
    while (fd > 3 && is_passed_on(fd))
        fd--;
    return fd;
}

/* The value's descriptor comes last: one of ours may have its number. */
static int add_actions(posix_spawn_file_actions_t *actions, const struct launch *launch)
{
    int failed = 0;
    if (launch->empty_input)
        failed = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!failed && launch->input)
        failed = posix_spawn_file_actions_adddup2(actions, launch->input, STDIN_FILENO);
    for (int i = 0; i < 2 && !failed; i++)
        if (launch->output[i])
            failed = posix_spawn_file_actions_adddup2(actions, launch->output[i],
                                                      STDOUT_FILENO + i);
    if (!failed && launch->value)
        failed = posix_spawn_file_actions_adddup2(actions, launch->value,
                                                  launch_value_descriptor());
    if (!failed && launch->directory)
        failed = posix_spawn_file_actions_addchdir_np(actions, launch->directory);
    /* In the child, before the program runs: it must not find itself in the background at first. */
    if (!failed && launch->terminal >= 0)
        failed = posix_spawn_file_actions_addtcsetpgrp_np(actions, launch->terminal);
    return failed;
}

/* A session of its own would cost half a millisecond where the kernel groups processes by session for the scheduler
 * (sched_autogroup). */
static int add_attributes(posix_spawnattr_t *attributes, const struct launch *launch)
{
    short flags = POSIX_SPAWN_SETSIGDEF;
    if (!launch->in_our_group)
        flags |= POSIX_SPAWN_SETPGROUP;
    int failed = posix_spawnattr_setsigdefault(attributes, &launch->defaults);
    if (!failed && launch->mask) {
        flags |= POSIX_SPAWN_SETSIGMASK;
        failed = posix_spawnattr_setsigmask(attributes, launch->mask);
    }
    return failed ? failed : posix_spawnattr_setflags(attributes, flags);
}

/* posix_spawn: between fork and exec, nothing of ours runs in the child. */
static int start(const struct launch *launch, const posix_spawn_file_actions_t *actions,
                 const posix_spawnattr_t *attributes, pid_t *pid)
{
    /* It changes none of the words: its prototype is older than const. */
    union {
        const char *const *text;
        char *const *words;
    } environment = {.text = launch->environment}, arguments;
    if (!launch->environment)
        environment.words = environ;
    int failed = ENOENT;
    for (int i = 0; i < 2 && direct_is_for_shell(failed); i++) {
        arguments.text = launch->words[i];
        if (arguments.text)
            failed = posix_spawnp(pid, arguments.text[0], actions, attributes, arguments.words,
                                  environment.words);
    }
    return failed;
}

static int start_by_spawn(const struct launch *launch, pid_t *pid)
{
    lg_func (int, failed) {
        posix_spawn_file_actions_t actions;
        failed = posix_spawn_file_actions_init(&actions);
        if (failed)
            lg_return(failed);
        lg_defer(posix_spawn_file_actions_destroy, &actions);
        posix_spawnattr_t attributes;
        failed = posix_spawnattr_init(&attributes);
        if (failed)
            lg_return(failed);
        lg_defer(posix_spawnattr_destroy, &attributes);
        failed = add_actions(&actions, launch);
        if (!failed)
            failed = add_attributes(&attributes, launch);
        if (!failed)
            failed = start(launch, &actions, &attributes, pid);
        lg_return(failed);
    }
}

/* ---- where sandboxes refuse what posix_spawn is made of (clone3, say): fork and exec, with the same steps ---- */

/* What we catch, the child does not: until it executes, our handlers would take its signals for ours. */
static void set_signals(const struct launch *launch)
{
    struct sigaction action = {.sa_flags = 0}, before;
    action.sa_handler = SIG_DFL;
    sigemptyset(&action.sa_mask);
    for (int number = 1; number < NSIG; number++)
        if (sigaction(number, NULL, &before) == 0 &&
            (before.sa_handler != SIG_IGN || sigismember(&launch->defaults, number) == 1))
            sigaction(number, &action, NULL);
}

/* As dup2; the new one is not closed by exec, even if it is the same. */
static bool put(int fd, int wanted)
{
    return fd == wanted ? fcntl(fd, F_SETFD, 0) == 0 : dup2(fd, wanted) >= 0;
}

static bool put_empty_input(void)
{
    close(STDIN_FILENO);
    return child_open_empty(O_RDONLY) == STDIN_FILENO;
}

static bool set_streams(const struct launch *launch)
{
    bool good = !launch->empty_input || put_empty_input();
    if (good && launch->input)
        good = put(launch->input, STDIN_FILENO);
    for (int i = 0; i < 2 && good; i++)
        if (launch->output[i])
            good = put(launch->output[i], STDOUT_FILENO + i);
    if (good && launch->value)
        good = put(launch->value, launch_value_descriptor());
    return good;
}

static bool set_up(const struct launch *launch)
{
    return (launch->in_our_group || setpgid(0, 0) == 0) && set_streams(launch) &&
           (!launch->directory || chdir(launch->directory) == 0) &&
           (launch->terminal < 0 || tcsetpgrp(launch->terminal, getpgrp()) == 0);
}

struct command {
    const struct launch *launch;
    sigset_t before; /* the signals that were blocked */
};

static void become(const void *data, int failure)
{
    const struct command *command = data;
    const struct launch *launch = command->launch;
    union {
        char **mine;
        const char *const *text;
    } here = {.mine = environ};
    /* Above those that the command gets. */
    int above = fcntl(failure, F_DUPFD_CLOEXEC, 10);
    if (above < 0)
        child_fail(failure);
    set_signals(launch);
    if (!set_up(launch))
        child_fail(above);
    sigprocmask(SIG_SETMASK, launch->mask ? launch->mask : &command->before, NULL);
    errno = ENOENT;
    for (int i = 0; i < 2 && direct_is_for_shell(errno); i++)
        if (launch->words[i])
            child_try_execute(launch->words[i],
                              launch->environment ? launch->environment : here.text);
    child_fail(above);
}

static int start_by_fork(const struct launch *launch, pid_t *pid)
{
    struct command command = {.launch = launch};
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &command.before);
    pid_t child;
    int not_executed;
    int failed = child_start(become, &command, &child, &not_executed);
    pthread_sigmask(SIG_SETMASK, &command.before, NULL);
    if (!failed && not_executed)
        waitpid(child, NULL, 0);
    else if (!failed)
        *pid = child;
    return failed ? failed : not_executed;
}

/* Where there is no /dev/null, a child has to make its empty input itself. */
static bool lacks_null(const struct launch *launch)
{
    int fd = launch->empty_input ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1;
    if (fd >= 0)
        close(fd);
    return launch->empty_input && fd < 0;
}

/* Whether the refusal is one of the sandbox or of the program itself, the second way tells. That way also does what shells do, and
 * posix_spawnp does not: it runs a script without a first line that names an interpreter, and `kill` where there is no such program. */
int launch_once(const struct launch *launch, pid_t *pid)
{
    int failed = start_by_spawn(launch, pid);
    bool is_for_shell = !launch->words[1] &&
                        (failed == ENOEXEC || execute_is_for_shell(launch->words[0][0], failed));
    bool by_fork = failed && (lgi_is_refused(failed) || is_for_shell || lacks_null(launch));
    return by_fork ? start_by_fork(launch, pid) : failed;
}

lg_error *launch_await(pid_t pid, int *status)
{
    while (waitpid(pid, status, 0) < 0)
        if (errno != EINTR)
            return lg_error_new_errno("waitpid");
    return NULL;
}

lg_error *launch_and_await(const struct launch *launch, int *status)
{
    pid_t pid;
    int failed = launch_once(launch, &pid);
    return failed ? lg_error_new_code(failed, "%s", launch->words[0][0])
                  : launch_await(pid, status);
}

static bool may_go_better(int failed)
{
    return failed == EAGAIN || failed == ENOMEM || failed == EMFILE || failed == ENFILE;
}

int launch_start(const struct launch *launch, pid_t *pid)
{
    int failed = launch_once(launch, pid);
    lg_duration pause = 10 * LG_MILLISECOND;
    for (int tries = 0; tries < 10 && may_go_better(failed); tries++) {
        if (tries == 0)
            print_message("a command cannot start (%s): trying again", strerrorname_np(failed));
        memory_give_back();
        ending_reap();
        lg_sleep(pause);
        pause = pause < LG_SECOND ? 2 * pause : pause;
        failed = launch_once(launch, pid);
    }
    return failed;
}
