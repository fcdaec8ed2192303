#define _GNU_SOURCE
#include "sched/make_thread.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>
#include <time.h>

#include "defer/pin.h"
#include "time/clock.h"

static int refused; /* atomic: what pthread_create returned last */

const char *lgi_thread_refusal(void)
{
    switch (__atomic_load_n(&refused, __ATOMIC_RELAXED)) {
    case EPERM: return " (pthread_create: operation not permitted)";
    case EACCES: return " (pthread_create: permission denied)";
    case ENOSYS: return " (pthread_create: not implemented)";
    case EINVAL: return " (pthread_create: invalid argument)";
    default: return "";
    }
}

int lgi_make_thread(pthread_t *thread, const pthread_attr_t *attributes, void *(*function)(void *),
                    void *argument)
{
    sigset_t all, before;
    lgi_pin();
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(thread, attributes, function, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    __atomic_store_n(&refused, failed, __ATOMIC_RELAXED);
    return failed;
}

int lgi_make_small_thread(pthread_t *thread, void *(*function)(void *), void *argument)
{
    enum { SMALL_STACK = 256 * 1024 };
    pthread_attr_t attributes;
    int failed = lgi_make_thread(thread, NULL, function, argument);
    if ((failed != EAGAIN && failed != ENOMEM) || pthread_attr_init(&attributes) != 0)
        return failed;
    pthread_attr_setstacksize(&attributes, SMALL_STACK);
    failed = lgi_make_thread(thread, &attributes, function, argument);
    pthread_attr_destroy(&attributes);
    return failed;
}

/* ---- the mask ---- */

static sigset_t program_mask;

static void note(void)
{
    static const int faults[] = {SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP};
    pthread_sigmask(SIG_SETMASK, NULL, &program_mask);
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
        sigdelset(&program_mask, faults[i]);
}

void lgi_note_mask(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, note);
}

void lgi_take_mask(void)
{
    pthread_sigmask(SIG_SETMASK, &program_mask, NULL);
}

/* ---- children ---- */

bool lgi_has_children(void)
{
    siginfo_t info;
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL | __WNOTHREAD) == 0;
}

void lgi_outlive_children(void)
{
    const lg_duration most = 10 * LG_SECOND;
    for (lg_duration pause = LG_MILLISECOND; lgi_has_children();) {
        const struct timespec time = lgi_timespec(pause);
        nanosleep(&time, NULL);
        if (pause < most)
            pause *= 2;
    }
}
