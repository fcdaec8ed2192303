/* Waits, as the model of interleave.h has them: put before the file under test is included, so that the file's goroutines wait here. */
#ifndef LGI_TESTING_INTERLEAVE_WAIT_H
#define LGI_TESTING_INTERLEAVE_WAIT_H

#include "sched/goroutine.h"
#include "sched/runtime.h"
#include "testing/interleave.h"

static struct lgi_g goroutine[IL_THREADS];
static uint32_t unparked[IL_THREADS];

static struct lgi_g *model_self(void)
{
    return &goroutine[il.now];
}

static void model_wait_begin(struct lgi_g *g, const char *what)
{
    (void)what;
    g->under = 0;
    __atomic_store_n(&unparked[il.now], 0, __ATOMIC_RELAXED);
    __atomic_store_n(&g->claim, LGI_WAITING, __ATOMIC_RELEASE);
}

static void model_unpark(struct lgi_g *g)
{
    if (__atomic_load_n(&g->claim, __ATOMIC_RELAXED) < LGI_READY)
        ck_abort_msg("a wait was claimed twice");
    __atomic_store_n(&unparked[g - goroutine], 1, __ATOMIC_RELEASE);
    il_futex_wake(&unparked[g - goroutine]);
}

/* A wait with a limit is over at any time. */
static uint32_t model_park(struct lgi_g *g, lg_until until)
{
    if (until.lgi_deadline != LG_DURATION_MAX && lgi_claim(g, LGI_TIMED_OUT))
        return LGI_TIMED_OUT;
    while (__atomic_load_n(&unparked[g - goroutine], __ATOMIC_ACQUIRE) == 0)
        il_futex_wait(&unparked[g - goroutine], 0, false);
    return __atomic_load_n(&g->claim, __ATOMIC_ACQUIRE);
}

static uint32_t (*volatile park)(struct lgi_g *g, lg_until until) = model_park;

static lg_error *model_wait_failed(uint32_t claim, lg_until until)
{
    (void)claim;
    (void)until;
    return &lg_error_deadline_exceeded;
}

#define lgi_self model_self
#define lgi_wait_begin model_wait_begin
#define lgi_park park /* what lies behind, no analyser follows */
#define lgi_wait_failed model_wait_failed

#endif
