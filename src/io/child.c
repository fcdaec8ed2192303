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

static void watch(struct lgi_errand *errand)
{
    const struct watch *watch = (const struct watch *)errand; /* its first member */
    siginfo_t info;
    while (waitid(P_PID, (id_t)watch->pid, &info, WEXITED | WNOWAIT | __WALL) != 0 &&
           errno == EINTR)
        ;
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
