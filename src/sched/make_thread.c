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

static int create(pthread_t *thread, const pthread_attr_t *attributes, void *(*function)(void *),
                  void *argument)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(thread, attributes, function, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed;
}

static bool is_short(int error)
{
    return error == EAGAIN || error == ENOMEM;
}

int lgi_make_thread(pthread_t *thread, size_t stack_size, void *(*function)(void *), void *argument)
{
    enum { LEAST = 256 * 1024, PART = 4 };
    pthread_t detached;
    pthread_attr_t attributes;
    size_t size = stack_size;
    lgi_pin();
    int failed = pthread_attr_init(&attributes);
    if (failed)
        return failed;
    if (!thread)
        pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    if (size == 0)
        pthread_attr_getstacksize(&attributes, &size);
    else
        pthread_attr_setstacksize(&attributes, size);
    while (
        is_short(failed = create(thread ? thread : &detached, &attributes, function, argument)) &&
        stack_size == 0 && size > LEAST) {
        size = size / PART > LEAST ? size / PART : LEAST;
        pthread_attr_setstacksize(&attributes, size);
    }
    pthread_attr_destroy(&attributes);
    __atomic_store_n(&refused, failed, __ATOMIC_RELAXED);
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
