#define _GNU_SOURCE
#include <lifoguard/io.h>

#include <lifoguard/go.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "closers/own_fd.h"
#include "error/keep_errno.h"
#include "io/helper.h"
#include "poll/poll.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

/* Of this child, whoever made it, and whatever signal it ends with. */
enum { FLAGS = WNOHANG | __WALL };

/* ---- without a descriptor: a thread waits, and leaves the child on the process table ---- */

struct watch {
    struct lgi_errand errand;
    pid_t pid;
};

/* True if it is no child of ours (any more), too. */
static bool has_ended(pid_t pid)
{
    siginfo_t info = {.si_pid = 0};
    int failed;
    do
        failed = waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT | WNOHANG | __WALL);
    while (failed && errno == EINTR);
    return failed || info.si_pid != 0;
}

/* It looks now and then, since nobody can wake it when it is no longer wanted: each wait that reached its deadline would
 * leave a thread behind, for as long as the child lives. */
static void watch(struct lgi_errand *errand)
{
    enum { LEAST_US = 100, MOST_US = 10000 };
    const struct watch *watch = (const struct watch *)errand; /* its first member */
    for (unsigned pause = LEAST_US; !has_ended(watch->pid) && !lgi_errand_is_left(errand);) {
        usleep(pause);
        pause = pause < MOST_US / 2 ? pause * 2 : MOST_US;
    }
}

static void drop(struct lgi_errand *errand)
{
    free(errand);
}

static lg_error *wait_by_thread(pid_t pid, lg_until until)
{
    struct watch *made = malloc(sizeof(*made));
    if (!made)
        return &lg_error_out_of_memory;
    *made = (struct watch){.errand = {.work = watch, .drop = drop, .apart = true}, .pid = pid};
    lg_error *error = lgi_errand(&made->errand, "child process", until);
    if (!error)
        free(made);
    return error;
}

/* ---- with one ---- */

static void close_pidfd(const int *pidfd)
{
    if (*pidfd >= 0)
        close(*pidfd);
}

/* Returns when it has ended, and now and then when it has not. */
static lg_error *wait_for_end(pid_t pid, lg_until until)
{
    const int pidfd
        __attribute__((cleanup(close_pidfd))) = lgi_own_fd((int)syscall(SYS_pidfd_open, pid, 0));
    short revents;
    if (pidfd >= 0)
        return lgi_wait_fd(pidfd, POLLIN, until, &revents);
    if (errno == ESRCH) /* gone: wait4 will say so */
        return NULL;
    return wait_by_thread(pid, until);
}

lg_error *lg_wait_child(pid_t pid, lg_until until, int *status)
{
    enum { LEAST_MS = 1, MOST_MS = 50 };
    LGI_KEEP_ERRNO;
    lg_duration pause = 0;

    if (pid <= 0)
        return lg_error_new_code(EINVAL, "wait for child process %d", (int)pid);
    for (;;) {
        int found;
        pid_t got = wait4(pid, &found, FLAGS, NULL);
        if (got == pid) {
            if (status)
                *status = found;
            return NULL;
        }
        if (got < 0 && errno != EINTR)
            return lg_error_new_errno("wait for child process %d", (int)pid);
        /* It has ended, but not for us yet: a debugger holds it. */
        lg_error *error = pause > 0 ? lg_sleep_until(pause, until) : NULL;
        if (!error)
            error = wait_for_end(pid, until);
        if (error)
            return error;
        if (pause < MOST_MS * LG_MILLISECOND)
            pause = pause > 0 ? pause * 2 : LEAST_MS * LG_MILLISECOND;
    }
}
