#define _GNU_SOURCE
#include "signal_fd.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "closers/own_fd.h"

/* A thread waits for the signals, and writes into a pipe what would be read from a signalfd. */
struct waiter {
    sigset_t set;
    int end;
};

/* A pipe takes it whole or not at all (PIPE_BUF). One that is full holds hundreds of signals: one more says nothing new. */
static bool pass_on(const struct waiter *waiter, const siginfo_t *info)
{
    const struct signalfd_siginfo passed = {.ssi_signo = (uint32_t)info->si_signo,
                                            .ssi_code = info->si_code,
                                            .ssi_pid = (uint32_t)info->si_pid,
                                            .ssi_uid = (uint32_t)info->si_uid};
    return write(waiter->end, &passed, sizeof(passed)) > 0 || errno != EPIPE;
}

/* Until the other end is closed. The signal that shows so is for whoever waits next. */
static void *wait_for_signals(void *data)
{
    struct waiter *waiter = data;
    siginfo_t info;
    bool read_by_someone = true;
    while (read_by_someone)
        if (sigwaitinfo(&waiter->set, &info) > 0)
            read_by_someone = pass_on(waiter, &info);
    syscall(SYS_rt_sigqueueinfo, getpid(), info.si_signo, &info);
    close(waiter->end);
    free(waiter);
    return NULL;
}

static int start(struct waiter *waiter)
{
    pthread_t thread;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int failed = pthread_create(&thread, NULL, wait_for_signals, waiter);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!failed)
        pthread_detach(thread);
    return failed;
}

static int open_by_thread(const sigset_t *set)
{
    int ends[2];
    if (lgi_own_pipe(ends, O_NONBLOCK) != 0)
        return -1;
    struct waiter *waiter = malloc(sizeof(*waiter));
    int failed = ENOMEM;
    if (waiter) {
        *waiter = (struct waiter){.set = *set, .end = ends[1]};
        failed = start(waiter);
    }
    if (!failed)
        return ends[0];
    free(waiter);
    close(ends[0]);
    close(ends[1]);
    errno = failed;
    return -1;
}

int signal_fd_open(const sigset_t *set)
{
    int fd = signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 && lgi_is_refused(errno) ? open_by_thread(set) : fd;
}

bool signal_is_of_terminal(const struct signalfd_siginfo *info)
{
    bool is_mine_alone = info->ssi_signo == SIGHUP && getsid(0) == getpid();
    return info->ssi_code == SI_KERNEL && !is_mine_alone;
}
