/* What an exiting goroutine has deferred may be what main is waiting for. Then main returns, and its exit must neither cut
 * the rest short nor give another status. */
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

enum { NONE, BEGUN, UNWOUND, EXITS, LEFT_TO_WAITER };
static _Atomic int state;
static _Atomic int exit_status;
static _Atomic bool somebody_waits;
static __thread bool exits_here;

void lgi_exit_begin(void)
{
    int none = NONE;
    atomic_compare_exchange_strong(&state, &none, BEGUN);
}

void lgi_exit_unwound(void)
{
    atomic_store(&state, UNWOUND);
}

/* glibc lets two threads into exit, and who comes second finds nothing to run and ends the process at once: so who is on
 * his way there, woken by what was deferred, is given some time to arrive. */
static bool is_waited_for(void)
{
    enum { TRIES = 100, EACH_US = 50 };
    if (gettid() == getpid())
        return false;
    for (int i = 0; i < TRIES && !atomic_load(&somebody_waits); i++)
        usleep(EACH_US);
    return atomic_load(&somebody_waits);
}

void lgi_exit_now(int status)
{
    exits_here = true;
    atomic_store(&exit_status, status);
    if (is_waited_for()) {
        atomic_store(&state, LEFT_TO_WAITER);
        for (;;)
            pause();
    }
    atomic_store(&state, EXITS);
    exit(status);
}

void lgi_exit_forked(void)
{
    atomic_store(&state, NONE);
}

/* ---- the end of the process ---- */

static void wait_while(int what, int milliseconds)
{
    for (int i = 0; i < milliseconds && atomic_load(&state) == what; i++)
        usleep(1000);
}

/* The process is in exit. If an lg_exit is under way in another thread, waits for it. */
static void wait_for_exit(void)
{
    enum { UNWINDING_MS = 10000, EXIT_MS = 1000 };
    if (exits_here || atomic_load(&state) == NONE)
        return;
    atomic_store(&somebody_waits, true);
    wait_while(BEGUN, UNWINDING_MS);
    if (atomic_load(&state) == BEGUN)
        return;
    while (atomic_load(&state) == UNWOUND) /* the wait for other goroutines has an end of its own */
        usleep(1000);
    /* The other one may have called exit too, which may wait for this one to end. */
    wait_while(EXITS, EXIT_MS);
    fflush(NULL);
    _exit(atomic_load(&exit_status));
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
        usleep(1000);
    while (lgi_defer_hooks.report_has_begun())
        pause();
    wait_for_exit();
}
