#define _GNU_SOURCE
#include "launch.h"

#include "buffer.h"
#include "direct.h"
#include "ending.h"
#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <lifoguard/lifoguard.h>
#include <spawn.h>
#include <string.h>
#include <unistd.h>

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
    short flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF;
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

static int start_once(const struct launch *launch, pid_t *pid)
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

static bool may_go_better(int failed)
{
    return failed == EAGAIN || failed == ENOMEM || failed == EMFILE || failed == ENFILE;
}

int launch_start(const struct launch *launch, pid_t *pid)
{
    int failed = start_once(launch, pid);
    lg_duration pause = 10 * LG_MILLISECOND;
    for (int tries = 0; tries < 10 && may_go_better(failed); tries++) {
        if (tries == 0)
            say("a command cannot start (%s): trying again", strerrorname_np(failed));
        memory_give_back();
        ending_reap();
        lg_sleep(pause);
        pause = pause < LG_SECOND ? 2 * pause : pause;
        failed = start_once(launch, pid);
    }
    return failed;
}
