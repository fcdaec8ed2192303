/* Semaphores. The state is twice the number of free units, plus WAITED exactly if the list of waiters is not empty. While WAITED is
 * set, all changes are made under the list's lock. A release touches the semaphore last when it changes the state or, if there
 * is a waiter, when it unlocks the list. */
#include <lifoguard/panic.h>
#include <lifoguard/semaphore.h>

#include "sched/park.h"

enum { WAITED = 1, UNIT = 2 };

static const uint64_t most = UINT64_MAX / 4; /* units */

static uint64_t load(const lg_semaphore *semaphore)
{
    return __atomic_load_n(&semaphore->lgi_state, __ATOMIC_ACQUIRE);
}

static bool change(lg_semaphore *semaphore, uint64_t *state, uint64_t to)
{
    lgi_releases(&semaphore->lgi_state);
    bool changed = __atomic_compare_exchange_n(&semaphore->lgi_state, state, to, false,
                                               __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
    if (changed)
        lgi_acquired(&semaphore->lgi_state);
    return changed;
}

/* ---- acquiring ---- */

static bool try_acquire(lg_semaphore *semaphore, uint64_t units)
{
    uint64_t state = load(semaphore);
    while (!(state & WAITED) && state / UNIT >= units)
        if (change(semaphore, &state, state - units * UNIT))
            return true;
    return false;
}

static bool can_have(const lg_semaphore *semaphore, uint64_t units)
{
    return units <= (semaphore->lgi_size ? semaphore->lgi_size : most);
}

static void lock_list(lg_semaphore *semaphore)
{
    if (!lgi_lock_lists(&semaphore->lgi_lock))
        return;
    lgi_waiters_forget(&semaphore->lgi_waiters);
    __atomic_fetch_and(&semaphore->lgi_state, ~(uint64_t)WAITED, __ATOMIC_RELAXED);
}

/* Under the lock, with WAITED set: gives those who wait what there is, in their order. */
static void serve(lg_semaphore *semaphore, uint64_t free_units, struct lgi_woken *woken)
{
    struct lgi_waiter *waiter;
    while ((waiter = semaphore->lgi_waiters.first) && *(uint64_t *)waiter->data <= free_units) {
        lgi_waiters_remove(&semaphore->lgi_waiters, waiter);
        if (!lgi_claim(waiter->g, LGI_READY))
            continue;
        free_units -= *(uint64_t *)waiter->data;
        lgi_woken_add(woken, waiter);
    }
    lgi_releases(&semaphore->lgi_state);
    __atomic_store_n(&semaphore->lgi_state, free_units * UNIT | (waiter ? WAITED : 0),
                     __ATOMIC_RELEASE);
}

/* Puts the caller into the list; false: it has got what it wants. */
static bool queue(lg_semaphore *semaphore, struct lgi_waiter *waiter, uint64_t units)
{
    bool waits;
    lock_list(semaphore);
    uint64_t state = load(semaphore);
    do
        waits = (state & WAITED) || state / UNIT < units;
    while (!change(semaphore, &state, waits ? state | WAITED : state - units * UNIT));
    if (waits) {
        lgi_wait_begin(waiter->g, "semaphore");
        lgi_waiters_push(&semaphore->lgi_waiters, waiter);
    }
    lgi_unlock_lists(&semaphore->lgi_lock);
    return waits;
}

/* Others may have waited only because of the caller. */
static void leave(lg_semaphore *semaphore, struct lgi_waiter *waiter)
{
    struct lgi_woken woken = {0};
    lock_list(semaphore);
    if (waiter->queued) {
        lgi_waiters_remove(&semaphore->lgi_waiters, waiter);
        serve(semaphore, load(semaphore) / UNIT, &woken);
    }
    lgi_unlock_lists(&semaphore->lgi_lock);
    lgi_unpark_all(&woken);
}

/* What is seldom done stands apart, so that the rest saves few registers. */
static __attribute__((noinline)) lg_error *wait(lg_semaphore *semaphore, uint64_t units,
                                                lg_until until)
{
    if (!can_have(semaphore, units))
        lg_panic("%ju units wanted of a semaphore that has %zu: the wait would never end",
                 (uintmax_t)units, semaphore->lgi_size);
    struct lgi_waiter waiter = {.g = lgi_self(), .data = &units};
    if (!queue(semaphore, &waiter, units))
        return NULL;
    uint32_t claim = lgi_park(waiter.g, until);
    if (claim >= LGI_READY)
        return NULL;
    leave(semaphore, &waiter);
    return lgi_wait_failed(claim, until);
}

static inline lg_error *acquire(lg_semaphore *semaphore, uint64_t units, lg_until until)
{
    return try_acquire(semaphore, units) ? NULL : wait(semaphore, units, until);
}

void lg_semaphore_acquire(lg_semaphore *semaphore, size_t units)
{
    (void)acquire(semaphore, units, lg_until_forever());
}

lg_error *lg_semaphore_acquire_until(lg_semaphore *semaphore, size_t units, lg_until until)
{
    return acquire(semaphore, units, until);
}

bool lg_semaphore_try_acquire(lg_semaphore *semaphore, size_t units)
{
    return try_acquire(semaphore, units);
}

/* ---- releasing ---- */

static __attribute__((noinline, cold)) void released_too_many(void)
{
    lg_panic("more units released than were acquired of a semaphore");
}

static inline void check_release(const lg_semaphore *semaphore, uint64_t state, uint64_t units)
{
    if (!can_have(semaphore, units) || !can_have(semaphore, state / UNIT + units))
        released_too_many();
}

/* False: nobody waits any more, or it is too many. */
static __attribute__((noinline)) bool release_to_others(lg_semaphore *semaphore, uint64_t units)
{
    struct lgi_woken woken = {0};
    lock_list(semaphore);
    uint64_t state = load(semaphore);
    bool released = (state & WAITED) && can_have(semaphore, state / UNIT + units);
    if (released)
        serve(semaphore, state / UNIT + units, &woken);
    lgi_unlock_lists(&semaphore->lgi_lock);
    lgi_unpark_all(&woken);
    return released;
}

void lg_semaphore_release(lg_semaphore *semaphore, size_t units)
{
    uint64_t state = load(semaphore);
    for (;;) {
        check_release(semaphore, state, units);
        if (!(state & WAITED)) {
            if (change(semaphore, &state, state + units * UNIT))
                return;
        } else if (release_to_others(semaphore, units)) {
            return;
        } else {
            state = load(semaphore);
        }
    }
}
