/* A thread that waits, in all interleavings with its waker, with its deadline and with lg_exit. */
#include "testing/interleave.h"

#include "defer/hooks.h"
#include "error/keep_errno.h"
#include "error/libc.h"
#include "error/ordering.h"
#include "sched/bubble.h"
#include "sched/futex.h"
#include "sched/hooks.h"
#include "sched/identity.h"
#include "sched/runtime.h"
#include "time/clock.h"

/* ---- the code under test ---- */

enum { DEADLINE = 10 };
static bool time_has_come;

/* The deadline passes at any time. */
static lg_time model_now(void)
{
    if (!time_has_come)
        time_has_come = il_decide(2) == 1;
    return time_has_come ? DEADLINE : 0;
}

static void model_futex_wait(const void *word, uint32_t value, lg_time until)
{
    il_futex_wait(word, value, until != LG_DURATION_MAX);
    time_has_come |= until != LG_DURATION_MAX;
}

#define lgi_pause il_spin
#define sched_yield() il_spin()
#define lgi_nap(duration) il_spin()
#define lgi_futex_wait model_futex_wait
#define lgi_futex_wake(word, count) il_futex_wake(word)
#define lgi_may_spin() false
#define lgi_all_asleep() false
#define lgi_real_now model_now
// NOLINTNEXTLINE(bugprone-suspicious-include): it is under test
#include "../sched/lock.c"
// NOLINTNEXTLINE(bugprone-suspicious-include): it is under test
#include "../sched/park.c"
// NOLINTNEXTLINE(bugprone-suspicious-include): it is under test
#include "../sched/done.c"

/* ---- a thing to wait for ---- */

static struct lgi_g waiting_thread;
static uint32_t lock;
static struct lgi_waiters waiters;
static bool is_there;     /* guarded by the lock */
static int data;          /* written before it is there */
static uint32_t ended_as; /* the wait */
static lg_time deadline;

static void begin_thing(void)
{
    memset(&waiting_thread, 0, sizeof(waiting_thread));
    waiting_thread.claim = LGI_READY;
    lock = LGI_LOCK_FREE;
    waiters = (struct lgi_waiters){NULL, NULL};
    is_there = time_has_come = false;
    data = 0;
    ended_as = LGI_WAITING;
}

static void wait_for_thing(void)
{
    struct lgi_g *g = &waiting_thread;
    struct lgi_waiter waiter = {.g = g};
    lgi_lock(&lock);
    bool waits = !is_there;
    if (waits) {
        lgi_wait_begin(g, "thing");
        lgi_waiters_push(&waiters, &waiter);
    }
    lgi_unlock(&lock);
    ended_as = LGI_READY;
    if (waits)
        ended_as = lgi_park_otherwise(g, lg_until_deadline(deadline));
    if (ended_as >= LGI_READY)
        ck_assert_int_eq(__atomic_load_n(&data, __ATOMIC_RELAXED), 1);
    lgi_lock(&lock);
    lgi_waiters_remove(&waiters, &waiter);
    lgi_unlock(&lock);
}

static void make_thing(void)
{
    __atomic_store_n(&data, 1, __ATOMIC_RELAXED);
    lgi_lock(&lock);
    struct lgi_waiter *waiter = lgi_waiters_claim(&waiters, 0);
    is_there = true;
    lgi_unlock(&lock);
    if (waiter)
        lgi_unpark(waiter->g);
}

/* As tell_thread does. */
static void tell_to_stop(void)
{
    __atomic_store_n(&waiting_thread.stop, true, __ATOMIC_SEQ_CST);
    lgi_thread_recheck(&waiting_thread);
}

static void expect_ready(void)
{
    ck_assert_uint_eq(ended_as, LGI_READY);
}

static void expect_some_end(void)
{
    ck_assert_uint_ne(ended_as, LGI_WAITING);
    ck_assert_ptr_null(waiters.first);
}

static void run_wait(void (*one)(void), void (*other)(void), lg_time limit, void (*check)(void))
{
    deadline = limit;
    il_run_all(&(struct il_plan){begin_thing, {wait_for_thing, one, other}, check, NULL, 3, 2});
}

START_TEST(c9_d10_no_wait_of_a_thread_is_lost)
{
    run_wait(make_thing, NULL, LG_TIME_MAX, expect_ready);
    run_wait(tell_to_stop, NULL, LG_TIME_MAX, expect_some_end);
    run_wait(make_thing, tell_to_stop, LG_TIME_MAX, expect_some_end);
    run_wait(make_thing, NULL, DEADLINE, expect_some_end);
    run_wait(make_thing, tell_to_stop, DEADLINE, expect_some_end);
}
END_TEST

RUN_TESTS("park interleave", c9_d10_no_wait_of_a_thread_is_lost)
