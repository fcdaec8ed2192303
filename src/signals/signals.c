#define _GNU_SOURCE
#include "signals/signals.h"

#include <lifoguard/context.h>
#include <lifoguard/panic.h>
#include <lifoguard/time.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "closers/own_fd.h"
#include "defer/fork.h"
#include "error/keep_errno.h"
#include "error/libc.h"
#include "sched/make_thread.h"
#include "sched/runtime.h"
#include "time/clock.h"

enum { MOST = 64, NAME_SIZE = 32 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void register_lock(void)
{
    static struct lgi_free_in_child entry = {.mutex = &lock};
    lgi_register_free_in_child(&entry);
}
static struct lgi_list watches;
static unsigned watchers[MOST + 1]; /* of each signal */
static struct sigaction before[MOST + 1];
static int reader;

/* Read by the handler. */
static volatile sig_atomic_t writer;
static volatile sig_atomic_t owner; /* the process; 0: nothing has been set up */

/* ---- their errors ---- */

static lg_error errors[MOST + 1];
static char names[MOST + 1][NAME_SIZE];

static void name(int number)
{
    const char *short_name = NULL;
#if LGI_GLIBC(2, 32)
    short_name = sigabbrev_np(number);
#endif
    if (short_name)
        snprintf(names[number], NAME_SIZE, "signal SIG%s", short_name);
    else if (number >= SIGRTMIN && number <= SIGRTMAX)
        snprintf(names[number], NAME_SIZE, "signal SIGRTMIN+%d", number - SIGRTMIN);
    else
        snprintf(names[number], NAME_SIZE, "signal %d", number);
    errors[number] = (lg_error){names[number], __FILE__, __LINE__, EINTR, 0, 0};
}

lg_error *lgi_signal_error(int number)
{
    return &errors[number];
}

int lg_error_signal(const lg_error *error)
{
    for (int number = 1; error && number <= MOST; number++) {
        if (lg_error_is(error, &errors[number]))
            return number;
    }
    return 0;
}

/* ---- when one comes ---- */

/* What the handler writes: small enough that a pipe takes it whole or not at all. */
struct arrival {
    lg_time when;
    lg_time real;       /* on the kernel's clock */
    int number, unused; /* all bytes are written, so all are set */
};

static void handle(int number)
{
    LGI_KEEP_ERRNO;
    if (getpid() == owner) {
        struct arrival arrival = {.when = lg_now(), .real = lgi_real_now(), .number = number};
        while (write(writer, &arrival, sizeof(arrival)) < 0 && errno == EINTR)
            ;
    } else { /* a forked child, whose signals are none of the parent's business */
        signal(number, SIG_DFL);
        raise(number); /* delivered when this returns */
    }
}

static void tell(const struct arrival *arrival)
{
    int number = arrival->number;
    struct lgi_signal_watch *told = NULL, **end = &told;
    pthread_mutex_lock(&lock);
    for (struct lgi_link *link = watches.first; link; link = link->next) {
        struct lgi_signal_watch *watch = LGI_HOLDER(link, struct lgi_signal_watch, link);
        if (!(watch->signals & UINT64_C(1) << (number - 1)) || arrival->real < watch->since)
            continue;
        if (watch->got)
            watch->got(watch, number, arrival->when);
        if (watch->later) {
            watch->told = NULL;
            *end = watch;
            end = &watch->told;
        }
    }
    pthread_mutex_unlock(&lock);
    while (told) {
        struct lgi_signal_watch *watch = told;
        told = told->told;
        watch->later(watch, number);
    }
}

static void *thread_main(void *unused)
{
    struct arrival arrival;
    pthread_setname_np(pthread_self(), "lg-signals");
    for (;;) {
        ssize_t got = read(reader, &arrival, sizeof(arrival));
        lgi_helper_works();
        if (got == sizeof(arrival) && arrival.number >= 1 && arrival.number <= MOST)
            tell(&arrival);
        else if (got == 0 || (got < 0 && errno != EINTR))
            return unused; /* somebody has closed it */
        lgi_helper_waits();
    }
}

/* ---- setting up, once ---- */

static lg_error *start_thread(void)
{
    lgi_helper_waits();
    int failed = lgi_make_thread(NULL, 0, thread_main, NULL);
    if (failed)
        lgi_helper_works();
    return failed ? lg_error_new_code(failed, "a thread for signals") : NULL;
}

static lg_error *set_up(void)
{
    int ends[2];
    if (owner != 0)
        return NULL;
    if (lgi_own_pipe(ends, 0) != 0)
        return lg_error_new_errno("a pipe for signals");
    reader = ends[0];
    writer = ends[1];
    lg_error *error = NULL;
    if (fcntl(ends[1], F_SETFL, O_NONBLOCK) != 0)
        error = lg_error_new_errno("a pipe for signals");
    if (!error)
        error = start_thread();
    if (error) {
        close(ends[0]);
        close(ends[1]);
        return error;
    }
    for (int number = 1; number <= MOST; number++)
        name(number);
    owner = getpid();
    return NULL;
}

static bool in_forked_child(void)
{
    return owner != 0 && owner != getpid();
}

/* ---- watching, under the lock ---- */

static bool is_ignored(const struct sigaction *action)
{
    return !(action->sa_flags & SA_SIGINFO) && action->sa_handler == SIG_IGN;
}

static void forget(int number)
{
    struct sigaction now;
    if (--watchers[number] > 0)
        return;
    /* Not if the program has set another one meanwhile. */
    if (sigaction(number, NULL, &now) == 0 && !(now.sa_flags & SA_SIGINFO) &&
        now.sa_handler == handle)
        sigaction(number, &before[number], NULL);
}

static int install(int number)
{
    struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART | SA_ONSTACK};
    if (watchers[number] == 0) {
        /* Of two that are pending, the kernel would run the handler of the second one inside of that of the first one, before it. */
        sigfillset(&action.sa_mask);
        if (sigaction(number, NULL, &before[number]) != 0)
            return errno;
        if (is_ignored(&before[number]))
            return 0;
        if (sigaction(number, &action, NULL) != 0)
            return errno;
    }
    watchers[number]++;
    return 0;
}

static lg_error *watch_all(struct lgi_signal_watch *watch)
{
    lg_time began = lgi_real_now();
    uint64_t installed = 0;
    for (int number = 1; number <= MOST; number++) {
        uint64_t bit = UINT64_C(1) << (number - 1);
        if (!(watch->signals & bit))
            continue;
        unsigned count = watchers[number];
        int failed = install(number);
        if (failed) {
            for (int undo = 1; undo < number; undo++) {
                if (installed & UINT64_C(1) << (undo - 1))
                    forget(undo);
            }
            return lg_error_new_code(failed, "signal %d cannot be waited for", number);
        }
        if (watchers[number] != count)
            installed |= bit;
    }
    watch->signals = installed;
    watch->since = began;
    lgi_list_add(&watches, &watch->link);
    return NULL;
}

void lgi_signals_refuse_after_fork(void)
{
    if (in_forked_child())
        lg_panic(
            "signals, in a child after fork: their thread stayed in the parent; the child must "
            "call exec or _exit");
}

lg_error *lgi_signals_watch(struct lgi_signal_watch *watch)
{
    /* They tell of a fault, and come again if nothing is done about that. */
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        if (watch->signals & UINT64_C(1) << (faults[i] - 1))
            return lg_error_new_code(EINVAL, "signal %d cannot be waited for", faults[i]);
    }
    lgi_signals_refuse_after_fork();
    pthread_mutex_lock(&lock);
    lg_error *error = set_up();
    if (!error)
        error = watch_all(watch);
    pthread_mutex_unlock(&lock);
    return error;
}

void lgi_signals_unwatch(struct lgi_signal_watch *watch)
{
    if (in_forked_child()) /* the lock may be held by a thread that stayed in the parent */
        return;
    pthread_mutex_lock(&lock);
    lgi_list_remove(&watches, &watch->link);
    for (int number = 1; number <= MOST; number++) {
        if (watch->signals & UINT64_C(1) << (number - 1))
            forget(number);
    }
    pthread_mutex_unlock(&lock);
}
