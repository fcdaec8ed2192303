/* lg_exit and exit at the same time.
 *
 * A deferred call of an exiting goroutine may be the event that main waits for. Then main returns and calls exit, which
 * must neither stop the remaining deferred calls nor change the exit status. (glibc before 2.41 lets a second thread into
 * exit; that thread finds no handler left, and ends the process at once. Newer versions block the second thread for ever.) So only
 * one of the two may go on: main's exit and lg_exit compete for one word, and the process ends with the status of lg_exit. */
#define _GNU_SOURCE
#include "defer/exit.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "defer/hooks.h"
#include "defer/panic.h"
#include "defer/thread.h"
#include "error/libc.h"

/* How far the first lg_exit has come. */
enum { NONE, BEGUN, UNWOUND, ENDS };
static _Atomic int state;
static _Atomic int exit_status;

/* Who ends the process: the thread that has called lg_exit, or one that has come to exit in another way. */
enum { NOBODY, LG_EXIT, ANOTHER };
static _Atomic int ender;

/* Of the caller: several goroutines of one thread may be in exit or lg_exit at once. */
static struct lgi_exit_part *part(void)
{
    static __thread struct lgi_exit_part of_thread;
    struct lgi_exit_part *of_goroutine = lgi_defer_hooks.exit_part ? lgi_defer_hooks.exit_part()
                                                                   : NULL;
    return of_goroutine ? of_goroutine : &of_thread;
}

/* Where one goroutine waits for another, which may have to run on this thread. */
static void pass_millisecond(void)
{
    if (lgi_defer_hooks.exit_pause)
        lgi_defer_hooks.exit_pause();
    else
        usleep(1000);
}

/* False: it is another one. */
static bool become_ender(int who)
{
    int nobody = NOBODY;
    struct lgi_exit_part *mine = part();
    if (!mine->ends)
        mine->ends = atomic_compare_exchange_strong(&ender, &nobody, who);
    return mine->ends;
}

void lgi_exit_begin(void)
{
    part()->calls_lg_exit = true;
    int none = NONE;
    atomic_compare_exchange_strong(&state, &none, BEGUN);
}

void lgi_exit_unwound(void)
{
    int begun = BEGUN; /* another lg_exit may have come further */
    atomic_compare_exchange_strong(&state, &begun, UNWOUND);
}

static _Noreturn void stay(void)
{
    for (;;)
        pass_millisecond();
}

/* Another thread or goroutine ends the process; but what exit calls there may wait for the caller. */
static void let_another_end(void)
{
    enum { OTHERS_MS = 10000 };
    for (int i = 0; i < OTHERS_MS; i++)
        pass_millisecond();
}

void lgi_exit_now(int status)
{
    part()->calls_lg_exit = true;
    atomic_store(&exit_status, status);
    bool ends = become_ender(LG_EXIT);
    atomic_store(&state, ENDS);
    if (!ends)
        let_another_end();
    exit(status);
}

static bool lasts(int what, int milliseconds)
{
    for (int i = 0; i < milliseconds && atomic_load(&state) == what; i++)
        pass_millisecond();
    return atomic_load(&state) == what;
}

/* In exit. Returns true when the caller is to end the process with exit_status; false if it is to go on with its own exit:
 * there is no lg_exit, or it is the caller's own, or it takes too long. */
static bool takes_over(void)
{
    enum { UNWINDING_MS = 10000 };
    struct lgi_exit_part *mine = part();
    if (mine->calls_lg_exit || mine->has_waited || atomic_load(&state) == NONE)
        return false;
    if (!become_ender(ANOTHER))
        return false;
    mine->has_waited = true;
    if (lasts(BEGUN, UNWINDING_MS))
        return false;
    while (atomic_load(&state) != ENDS) /* the wait for other goroutines has an end of its own */
        pass_millisecond();
    return true;
}

/* Another thread or goroutine ends the process. */
static bool is_left_to_another(void)
{
    const struct lgi_exit_part *mine = part();
    return !mine->calls_lg_exit && !mine->ends && atomic_load(&ender) != NOBODY;
}

/* The process is in exit. If another has called lg_exit, waits for it. */
static void wait_for_exit(void)
{
    if (takes_over()) {
        fflush(NULL);
        _exit(atomic_load(&exit_status));
    }
    if (!is_left_to_another())
        return;
    if (gettid() == getpid())
        stay();
    let_another_end();
}

/* Main has returned, or a thread has called exit, while another thread is panicking. Main may have been waiting for a
 * deferred call that the panic made. If nothing stops the panic, the process ends by it (P8); so its deferred calls get
 * some time here, and its report as much as it needs. */
__attribute__((destructor)) static void wait_for_others(void)
{
    enum { TRIES = 1000 };
    if (lgi_thread.unwinding)
        return;
    for (int i = 0; i < TRIES && lgi_panics_under_way(); i++)
        pass_millisecond();
    while (lgi_defer_hooks.report_has_begun())
        pause();
    wait_for_exit();
}

/* ---- main ---- */

/* exit calls it before all that is registered with atexit; no other thread's exit does. From then on main ends the process:
 * who comes to exit or lg_exit later does not cut short what main's exit calls. */
static void main_exits(void *unused)
{
    (void)unused;
    if (takes_over())
        exit(atomic_load(&exit_status));
    if (is_left_to_another() || !become_ender(ANOTHER))
        stay();
}

/* Of glibc; where there is none, only wait_for_others is called. `library` is any address in it. It aborts when there is no
 * memory: so a child that another thread than main has forked, which has no main_exits, does without. */
/* NOLINTNEXTLINE(bugprone-reserved-identifier): glibc's name */
extern int __cxa_thread_atexit_impl(void (*function)(void *), void *object, void *library)
    __attribute__((weak));

__attribute__((constructor)) static void watch_main(void)
{
    if (__cxa_thread_atexit_impl && gettid() == getpid())
        __cxa_thread_atexit_impl(main_exits, NULL, &state);
}

bool lgi_exit_is_here(void)
{
    return part()->ends;
}

void lgi_exit_goes_on(void)
{
    if (lgi_exit_is_here() && atomic_load(&state) == ENDS)
        exit(atomic_load(&exit_status));
}

void lgi_exit_forked(void)
{
    atomic_store(&state, NONE);
    atomic_store(&ender, NOBODY);
    *part() = (struct lgi_exit_part){0};
}
