/* What an exiting goroutine has deferred may be what main is waiting for. Then main returns, and its exit must neither cut
 * the rest short nor give another status. */
#define _GNU_SOURCE
#include "defer/exit.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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

static void wait_while(int what, int milliseconds)
{
    for (int i = 0; i < milliseconds && atomic_load(&state) == what; i++)
        usleep(1000);
}

void lgi_exit_wait(void)
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

void lgi_exit_forked(void)
{
    atomic_store(&state, NONE);
}
