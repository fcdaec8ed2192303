/* Read-write mutexes. Writers first get the mutex lgi_writers, so that here there is only one of them. The state is
 *
 *   WRITING    a writer is in
 *   PENDING    a writer waits, in lgi_writer: no new readers
 *   QUEUED     readers wait, in the list
 *   READER     for each reader inside
 *
 * PENDING and QUEUED change under the list's lock, and go together with somebody who is in and whose unlock takes that lock
 * too. Who unlocks touches the object for the last time when it changes the state or, if it has claimed somebody who
 * waits, when it unlocks the list; a writer gives up lgi_writers before. */
#include <lifoguard/panic.h>
#include <lifoguard/rwmutex.h>

#include "sched/park.h"
#include "sched/runtime.h"
#include "sync/abandoned.h"

enum {
    WRITING = LGI_RW_WRITING,
    PENDING = LGI_RW_PENDING,
    QUEUED = LGI_RW_QUEUED,
    READER = LGI_RW_READER,
};

static uint64_t load(const lg_rwmutex *mutex)
{
    return __atomic_load_n(&mutex->lgi_state, __ATOMIC_ACQUIRE);
}

static bool change(lg_rwmutex *mutex, uint64_t *state, uint64_t to)
{
    lgi_releases(&mutex->lgi_state);
    bool changed = __atomic_compare_exchange_n(&mutex->lgi_state, state, to, false,
                                               __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
    if (changed)
        lgi_acquired(&mutex->lgi_state);
    return changed;
}

static void lock_lists(lg_rwmutex *mutex)
{
    if (!lgi_lock_lists(&mutex->lgi_lock))
        return;
    lgi_waiters_forget(&mutex->lgi_readers);
    mutex->lgi_writer = NULL;
    __atomic_fetch_and(&mutex->lgi_state, ~(uint64_t)(PENDING | QUEUED), __ATOMIC_RELAXED);
}

/* ---- under the list's lock ---- */

/* Claims all readers that wait; adds them to `woken`, and returns what they add to the state. */
static uint64_t let_readers_in(lg_rwmutex *mutex, struct lgi_woken *woken)
{
    uint64_t state = 0;
    struct lgi_waiter *waiter;
    while ((waiter = lgi_waiters_claim(&mutex->lgi_readers, 0))) {
        lgi_woken_add(woken, waiter);
        state += READER;
    }
    return state;
}

/* The state when nobody is in any more. */
static uint64_t let_in(lg_rwmutex *mutex, bool readers_first, struct lgi_woken *woken)
{
    uint64_t state = readers_first ? let_readers_in(mutex, woken) : 0;
    struct lgi_waiter *writer = mutex->lgi_writer;
    if (state != 0)
        return state | (writer ? PENDING : 0);
    mutex->lgi_writer = NULL;
    if (writer && lgi_claim(writer->g, LGI_READY)) {
        lgi_woken_add(woken, writer);
        return WRITING | (lgi_waiters_empty(&mutex->lgi_readers) ? 0 : QUEUED);
    }
    return readers_first ? 0 : let_readers_in(mutex, woken);
}

/* The caller, which is `inside`, leaves. False: it is not the last one there, or nobody waits (any more). */
static __attribute__((noinline)) bool leave_to_others(lg_rwmutex *mutex, uint64_t inside)
{
    struct lgi_woken woken = {0};
    lock_lists(mutex);
    uint64_t state = load(mutex), waiting = state & (PENDING | QUEUED);
    bool others = waiting != 0 && state == (inside | waiting);
    if (others) { /* whoever comes in comes after all who have left, not only after the caller */
        lgi_acquired(&mutex->lgi_state);
        lgi_releases(&mutex->lgi_state);
    }
    if (others) /* so nobody can change it without the list's lock */
        __atomic_store_n(&mutex->lgi_state, let_in(mutex, inside == WRITING, &woken),
                         __ATOMIC_RELEASE);
    lgi_unlock_lists(&mutex->lgi_lock);
    lgi_unpark_all(&woken);
    return others;
}

/* ---- reading ---- */

/* Puts the caller into the list; false: it is in. */
static bool queue_reader(lg_rwmutex *mutex, struct lgi_waiter *waiter)
{
    lock_lists(mutex);
    uint64_t state = load(mutex);
    while (!change(mutex, &state, state & (WRITING | PENDING) ? state | QUEUED : state + READER))
        ;
    bool waits = (state & (WRITING | PENDING)) != 0;
    if (waits) {
        lgi_wait_begin(waiter->g, "read lock");
        if (state & WRITING)
            waiter->g->held = &mutex->lgi_writers.lgi_word;
        lgi_waiters_push(&mutex->lgi_readers, waiter);
    }
    lgi_unlock_lists(&mutex->lgi_lock);
    return waits;
}

/* By a writer. Readers are not known. */
static bool is_abandoned(const lg_rwmutex *mutex)
{
    return (load(mutex) & WRITING) && lgi_mutex_is_abandoned(&mutex->lgi_writers);
}

lg_error *lgi_rwmutex_rlock(lg_rwmutex *mutex, lg_until until)
{
    if (lg_mutex_is_owned(&mutex->lgi_writers))
        lg_panic(
            "read lock of a mutex that the caller holds for writing: it would wait for itself");
    if (is_abandoned(mutex))
        return lgi_abandoned(until);
    struct lgi_waiter waiter = {.g = lgi_self()};
    if (!queue_reader(mutex, &waiter))
        return NULL;
    uint32_t claim = lgi_park(waiter.g, until);
    if (claim >= LGI_READY)
        return NULL;
    bool over = claim != LGI_STOPPED && is_abandoned(mutex);
    lock_lists(mutex);
    lgi_waiters_remove(&mutex->lgi_readers, &waiter);
    if (lgi_waiters_empty(&mutex->lgi_readers))
        __atomic_fetch_and(&mutex->lgi_state, ~(uint64_t)QUEUED, __ATOMIC_RELAXED);
    lgi_unlock_lists(&mutex->lgi_lock);
    return over ? lgi_abandoned(until) : lgi_wait_failed(claim, until);
}

void lgi_rwmutex_runlock(lg_rwmutex *mutex)
{
    uint64_t state = load(mutex);
    for (;;) {
        if (state < READER)
            lg_panic("read unlock of a mutex that is not locked for reading");
        if (!(state & PENDING) || state >= READER + READER) {
            if (change(mutex, &state, state - READER))
                return;
        } else if (leave_to_others(mutex, READER)) {
            return;
        } else {
            state = load(mutex);
        }
    }
}

/* ---- writing ---- */

/* The caller has lgi_writers; false: it is in. */
static bool queue_writer(lg_rwmutex *mutex, struct lgi_waiter *waiter)
{
    lock_lists(mutex);
    uint64_t state = load(mutex);
    while (!change(mutex, &state, state == 0 ? WRITING : state | PENDING))
        ;
    if (state != 0) {
        lgi_wait_begin(waiter->g, "write lock");
        mutex->lgi_writer = waiter;
    }
    lgi_unlock_lists(&mutex->lgi_lock);
    return state != 0;
}

/* It no longer waits: those for whom it was in the way come in. */
static void give_up(lg_rwmutex *mutex, const struct lgi_waiter *waiter)
{
    struct lgi_woken woken = {0};
    lock_lists(mutex);
    if (mutex->lgi_writer == waiter) {
        mutex->lgi_writer = NULL;
        uint64_t state = load(mutex), to, more = 0;
        if (!(state & WRITING))
            more = let_readers_in(mutex, &woken);
        do { /* others may leave meanwhile */
            to = (state & ~(uint64_t)PENDING) + more;
            if (lgi_waiters_empty(&mutex->lgi_readers))
                to &= ~(uint64_t)QUEUED;
        } while (!change(mutex, &state, to));
    }
    lgi_unlock_lists(&mutex->lgi_lock);
    lgi_unpark_all(&woken);
}

/* Who was in before has given up lgi_writers, and is about to leave. */
static __attribute__((noinline)) bool spin_to_enter(lg_rwmutex *mutex)
{
    enum { SPINS = 50 };
    for (int i = 0; i < SPINS; i++) {
        uint64_t state = 0;
        if (change(mutex, &state, WRITING))
            return true;
        if (!(state & WRITING) || !lgi_may_spin())
            return false;
        lgi_pause();
    }
    return false;
}

static inline bool enter(lg_rwmutex *mutex)
{
    uint64_t state = 0;
    return change(mutex, &state, WRITING) || spin_to_enter(mutex);
}

static void check_not_mine(const lg_rwmutex *mutex)
{
    if (lg_mutex_is_owned(&mutex->lgi_writers))
        lg_panic(
            "write lock of a mutex that the caller holds for writing: it would wait for itself");
}

static __attribute__((noinline)) lg_error *wait_to_write(lg_rwmutex *mutex, lg_until until)
{
    struct lgi_waiter waiter = {.g = lgi_self()};
    if (!queue_writer(mutex, &waiter))
        return NULL;
    uint32_t claim = lgi_park(waiter.g, until);
    if (claim >= LGI_READY)
        return NULL;
    give_up(mutex, &waiter);
    lg_mutex_unlock(&mutex->lgi_writers);
    return lgi_wait_failed(claim, until);
}

static inline lg_error *lock(lg_rwmutex *mutex, lg_until until)
{
    return enter(mutex) ? NULL : wait_to_write(mutex, until);
}

void lg_rwmutex_lock(lg_rwmutex *mutex)
{
    check_not_mine(mutex);
    lg_mutex_lock(&mutex->lgi_writers);
    (void)lock(mutex, lg_until_forever());
}

lg_error *lg_rwmutex_lock_until(lg_rwmutex *mutex, lg_until until)
{
    check_not_mine(mutex);
    lg_error *error = lg_mutex_lock_until(&mutex->lgi_writers, until);
    return error ? error : lock(mutex, until);
}

bool lg_rwmutex_try_lock(lg_rwmutex *mutex)
{
    if (!lg_mutex_try_lock(&mutex->lgi_writers))
        return false;
    if (enter(mutex))
        return true;
    lg_mutex_unlock(&mutex->lgi_writers);
    return false;
}

void lg_rwmutex_unlock(lg_rwmutex *mutex)
{
    uint64_t state = load(mutex);
    if (!(state & WRITING))
        lg_panic("write unlock of a mutex that is not locked for writing");
    if (!lg_mutex_is_owned(&mutex->lgi_writers))
        lg_panic("write unlock of a mutex that another goroutine or thread holds");
    lg_mutex_unlock(&mutex->lgi_writers);
    do
        state = WRITING;
    while (!change(mutex, &state, 0) && !leave_to_others(mutex, WRITING));
}
