/* Wait groups, whose list is locked by a bit of the state, in all interleavings of those who count down and those who wait, with
 * and without a limit. */
#include "testing/interleave.h"

#include "sched/goroutine.h"
#include "sched/lock.h"
#include "sched/make_thread.h"
#include "sched/runtime.h"

#include "testing/interleave_wait.h"

static void model_wait_begin_under_state(struct lgi_g *g, const char *what, int64_t *state)
{
    model_wait_begin(g, what);
    g->under = (uintptr_t)state | LGI_UNDER_STATE;
}

static void model_unpark_all(const struct lgi_woken *woken)
{
    for (struct lgi_waiter *waiter = woken->first, *next; waiter; waiter = next) {
        next = waiter->next;
        model_unpark(waiter->g);
    }
}

static void model_back_off(unsigned attempt)
{
    (void)attempt;
    il_spin();
}

#define lgi_wait_begin_under_state model_wait_begin_under_state
#define lgi_unpark_all model_unpark_all
#define lgi_back_off model_back_off
#define wait wait_on_group /* not the C library's */
// NOLINTNEXTLINE(bugprone-suspicious-include): it is under test
#include "../sync/waitgroup.c"

/* ---- those who take part ---- */

static lg_waitgroup group;
static int work[2]; /* what those do who count down */
static bool is_gone;
static bool waits_are_stopped; /* at any time, as far as they have no limit */

static void *must_be_there(const void *address)
{
    const char *at = address;
    if (is_gone && at >= (const char *)&group && at < (const char *)(&group + 1))
        ck_abort_msg("the group is used after its end");
    return (void *)(uintptr_t)address;
}

/* What lgi_claim_from_outside does. */
static bool stop_wait(struct lgi_g *g)
{
    if (__atomic_load_n(&g->claim, __ATOMIC_ACQUIRE) != LGI_WAITING)
        return false;
    int64_t *state = (int64_t *)(g->under - LGI_UNDER_STATE), unlocked = lgi_state_lock(state);
    bool claimed = lgi_claim(g, LGI_STOPPED);
    lgi_state_unlock(state, unlocked);
    return claimed;
}

static uint32_t park_or_stop(struct lgi_g *g, lg_until until)
{
    return waits_are_stopped && g->under && stop_wait(g) ? LGI_STOPPED : model_park(g, until);
}

static void begin_group(void)
{
    park = park_or_stop;
    group = (lg_waitgroup){.lgi_state = 8 /* two are counted */};
    work[0] = work[1] = 0;
    is_gone = waits_are_stopped = false;
    memset(goroutine, 0, sizeof(goroutine));
    for (int i = 0; i < IL_THREADS; i++)
        goroutine[i].claim = LGI_READY;
    il.translate = must_be_there;
}

static void work_and_count_down(int which)
{
    __atomic_store_n(&work[which], 1, __ATOMIC_RELAXED);
    lg_waitgroup_done(&group);
}

static void first(void)
{
    work_and_count_down(0);
}

static void second(void)
{
    work_and_count_down(1);
}

static void both(void)
{
    first();
    second();
}

/* It sees all that was done. */
static void expect_work(void)
{
    ck_assert_int_eq(__atomic_load_n(&work[0], __ATOMIC_RELAXED), 1);
    ck_assert_int_eq(__atomic_load_n(&work[1], __ATOMIC_RELAXED), 1);
}

static void wait_for_all(void)
{
    lg_waitgroup_wait(&group);
    expect_work();
}

static void wait_and_end_group(void)
{
    wait_for_all();
    is_gone = true;
}

static void wait_with_limit(void)
{
    if (!lg_waitgroup_wait_until(&group, lg_until_deadline(0)))
        expect_work();
}

/* lg_exit ends the wait, unless the counter has. */
static void wait_and_be_stopped(void)
{
    waits_are_stopped = true;
    if (!wait_on_group(&group, lg_until_forever()))
        expect_work();
}

static void check_group(void)
{
    ck_assert_int_eq(group.lgi_state, 0);
    ck_assert_ptr_null(group.lgi_waiters.first);
}

static void check_gone_group(void)
{
    is_gone = false;
    check_group();
}

START_TEST(g8_a_wait_group_loses_no_waiter)
{
    const struct il_plan plans[] = {
        {begin_group, {first, second, wait_and_end_group}, check_gone_group, NULL, 3, 1},
        {begin_group, {both, wait_for_all, wait_for_all}, check_group, NULL, 2, 1},
        {begin_group, {both, wait_for_all, wait_with_limit}, check_group, NULL, 2, 1},
        {begin_group, {first, second, wait_with_limit}, check_group, NULL, 3, 1},
        {begin_group, {first, second, wait_and_be_stopped}, check_group, NULL, 2, 1},
        {begin_group, {both, wait_and_be_stopped, wait_and_be_stopped}, check_group, NULL, 2, 1},
    };
    for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++)
        il_run_all(&plans[i]);
}
END_TEST

RUN_TESTS("interleave", g8_a_wait_group_loses_no_waiter)
