/* Wait groups. The state is four times the counter, plus WAITED exactly if the list is not empty, plus LOCKED while a thread
 * uses the list: until that thread unlocks it, which stores the next state, no other thread changes the state. Who lets the
 * counter become 0 touches the group for the last time when it changes the state: until then every waiter is in its call,
 * and the group must be there. In a child, those who wait, and the thread that uses the list, have stayed in the parent;
 * lgi_process says of which process they are: twice its number of forks, and 1 more while a thread forgets them. */
#include <lifoguard/panic.h>
#include <lifoguard/waitgroup.h>

#include "defer/call.h"
#include "defer/fork.h"
#include "defer/thread.h"
#include "sched/goroutine.h"
#include "sched/lock.h"
#include "sched/make_thread.h"
#include "sched/runtime.h"
#include "sched/state_lock.h"

enum { WAITED = 1, LOCKED = LGI_STATE_LOCKED };

/* ---- the state ---- */

/* To be called before the list, or whether somebody uses it, is looked at. */
static void forget_parents(lg_waitgroup *group)
{
    const uint32_t own = 2 * lgi_forks;
    uint32_t process;
    for (unsigned i = 0; (process = __atomic_load_n(&group->lgi_process, __ATOMIC_ACQUIRE)) != own;
         i++) {
        if (process == own + 1) {
            lgi_back_off(i);
        } else if (__atomic_compare_exchange_n(&group->lgi_process, &process, own + 1, false,
                                               __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
            lgi_waiters_forget(&group->lgi_waiters);
            __atomic_fetch_and(&group->lgi_state, ~(int64_t)(WAITED | LOCKED), __ATOMIC_RELAXED);
            __atomic_store_n(&group->lgi_process, own, __ATOMIC_RELEASE);
        }
    }
}

/* The state, at a moment when nobody uses the list. */
static int64_t unlocked_state(lg_waitgroup *group)
{
    forget_parents(group);
    return lgi_state_unlocked(&group->lgi_state);
}

/* ---- counting ---- */

/* Goroutines wait, and the counter becomes 0. The list is locked. */
static void finish(lg_waitgroup *group)
{
    struct lgi_woken woken = {0};
    lgi_waiters_claim_all(&group->lgi_waiters, 0, &woken);
    lgi_state_unlock(&group->lgi_state, 0);
    lgi_unpark_all(&woken);
}

void lgi_waitgroup_add(lg_waitgroup *group, int64_t delta_of_state)
{
    for (;;) {
        int64_t state = unlocked_state(group), to = state + delta_of_state;
        if (to < 0)
            lg_panic("negative counter of a wait group: more done than was added");
        if (to != WAITED) {
            if (lgi_state_change(&group->lgi_state, state, to))
                return;
        } else if (lgi_state_change(&group->lgi_state, state, state | LOCKED)) {
            finish(group);
            return;
        }
    }
}

/* ---- waiting ---- */

/* False: there is nothing to wait for. */
static bool queue(lg_waitgroup *group, struct lgi_waiter *waiter, bool limited)
{
    int64_t state;
    do {
        state = unlocked_state(group);
        if (state == 0) {
            lgi_acquired(&group->lgi_state);
            return false;
        }
    } while (!lgi_state_change(&group->lgi_state, state, state | LOCKED));
    if (limited)
        lgi_wait_begin(waiter->g, "wait group");
    else
        lgi_wait_begin_under_state(waiter->g, "wait group", &group->lgi_state);
    lgi_waiters_push(&group->lgi_waiters, waiter);
    lgi_state_unlock(&group->lgi_state, state | WAITED);
    return true;
}

/* The wait has ended otherwise than by the counter. */
static void leave(lg_waitgroup *group, struct lgi_waiter *waiter)
{
    int64_t state = lgi_state_lock(&group->lgi_state);
    lgi_waiters_remove(&group->lgi_waiters, waiter);
    bool empty = lgi_waiters_empty(&group->lgi_waiters);
    lgi_state_unlock(&group->lgi_state, empty ? state & ~(int64_t)WAITED : state);
}

static lg_error *wait(lg_waitgroup *group, lg_until until)
{
    if (__atomic_load_n(&group->lgi_state, __ATOMIC_ACQUIRE) == 0) {
        lgi_acquired(&group->lgi_state);
        return NULL;
    }
    struct lgi_waiter waiter = {.g = lgi_self()};
    if (!queue(group, &waiter, until.lgi_done || until.lgi_deadline != LG_DURATION_MAX))
        return NULL;
    uint32_t claim = lgi_park(waiter.g, until);
    lgi_acquired(&group->lgi_state);
    if (claim >= LGI_READY)
        return NULL;
    leave(group, &waiter);
    return lgi_wait_failed(claim, until);
}

void lg_waitgroup_wait(lg_waitgroup *group)
{
    (void)wait(group, lg_until_forever());
}

lg_error *lg_waitgroup_wait_until(lg_waitgroup *group, lg_until until)
{
    return wait(group, until);
}

/* ---- goroutines that are counted ---- */

/* The inline function, from here, is not part of an instrumented program. */
static void done(lg_waitgroup *group)
{
    lgi_releases(&group->lgi_state);
    lg_waitgroup_done(group);
}

/* Not after a panic that nothing has stopped: the process is about to end by it, and whoever waits might make it end
 * in another way first. */
static void done_unless_panicking(lg_waitgroup *group)
{
    if (!lgi_thread.unwinding || !lgi_thread.unwinding->panic)
        done(group);
}

static void run(struct lgi_task *start)
{
    lg_waitgroup *group = start->owner;
    lg_defer(done_unless_panicking, group);
    // NOLINTNEXTLINE(clang-analyzer-deadcode.DeadStores): the cleanup reads it, if the thread is ended
    struct lgi_g *guard __attribute__((cleanup(lgi_refuse_thread_exit))) = lgi_self();
    lgi_make_call(start->function, start->word, start->site->count);
    guard = NULL;
}

static void drop(struct lgi_task *start)
{
    done(start->owner);
}

void lgi_waitgroup_go(lg_waitgroup *group, const struct lgi_site *site, lgi_function function,
                      const uintptr_t *words)
{
    if (!function)
        lgi_panic(site->file, site->line, "goroutine of a NULL function");
    struct lgi_task *start = lgi_task_new(site, function, words);
    if (start) {
        start->run = run;
        start->drop = drop;
        start->owner = group;
        lg_waitgroup_add(group, 1);
        if (lgi_task_enqueue(start))
            return;
        lgi_task_drop(start);
    }
    lgi_panic(site->file, site->line, "out of memory or threads for a goroutine%s",
              lgi_thread_refusal());
}
