/* Mutexes, after Go's. The word holds the owner, and in its other bits:
 *
 *   WAITERS    somebody may be in the list. Set under the list's lock while there is an owner, whose unlock then takes
 *              that lock too; cleared under it.
 *   WOKEN      somebody was woken, or spins, to try for the mutex: whoever unlocks need not wake another.
 *   STARVING   the first in the list has waited for long: whoever unlocks hands the mutex over. Only together with an
 *              owner, so there is nobody to be faster.
 *   LGI_BIASED  without the others: one worker alone uses the mutex (mutex_bias.h).
 *
 * Who unlocks touches the mutex for the last time when it gives up the word, or, if it has claimed a waiter, before it
 * unparks that: until then the waiter is in its call, and the mutex must be there. */
#include <errno.h>

#include <lifoguard/mutex.h>
#include <lifoguard/panic.h>

#include "sched/goroutine.h"
#include "sched/identity.h"
#include "sched/runtime.h"
#include "sync/abandoned.h"
#include "sync/mutex_bias.h"
#include "time/clock.h"

_Static_assert(sizeof(lg_mutex) <= 4 * sizeof(void *), "the header says so");

enum { WAITERS = 1, WOKEN = 2, STARVING = 4 };

/* How a waiter is claimed: to try for itself, or it has the mutex. */
enum { TRY, HAS };

static const lg_duration starving_after = LG_MILLISECOND;

static uint64_t owner(uint64_t word)
{
    return word & LGI_MUTEX_OWNER;
}

static bool change(lg_mutex *mutex, uint64_t *word, uint64_t to, int order)
{
    return __atomic_compare_exchange_n(&mutex->lgi_word, word, to, false, order, __ATOMIC_RELAXED);
}

/* Clears WOKEN if it is the caller's. */
static bool take(lg_mutex *mutex, uint64_t self, bool woken)
{
    uint64_t word;
    while (!owner(word = lgi_mutex_settled(mutex)))
        if (change(mutex, &word, self | (woken ? word & ~(uint64_t)WOKEN : word), __ATOMIC_ACQUIRE))
            return true;
    return false;
}

/* ---- spinning ---- */

/* Only a guess, since the owner may be another, or have ended, by the time it is looked at. */
#if defined(__clang__)
__attribute__((no_sanitize("address", "thread")))
#else
__attribute__((no_sanitize_address, no_sanitize_thread))
#endif
static bool runs_elsewhere(uint64_t owner, const struct lgi_g *self)
{
    const struct lgi_g *g = lgi_identity_find(owner);
    return g && (!g->worker || (g->worker != self->worker && g->state == LGI_G_RUNNING));
}

static bool nothing_else_to_run(const struct lgi_g *self)
{
    struct lgi_worker *worker = self->worker;
    return !worker || (!worker->ready && lgi_run_queue_count(&worker->starts) == 0 &&
                       !atomic_load_explicit(&worker->inbox, memory_order_relaxed));
}

static bool spin(lg_mutex *mutex, const struct lgi_g *self, bool *woken)
{
    enum { SPINS = 120 };
    if (!lgi_may_spin() || !nothing_else_to_run(self))
        return false;
    for (int i = 0; i < SPINS; i++) {
        uint64_t word = __atomic_load_n(&mutex->lgi_word, __ATOMIC_RELAXED);
        if (!owner(word)) {
            if (take(mutex, self->identity, *woken))
                return true;
            continue;
        }
        if ((word & STARVING) || (i == 0 && !runs_elsewhere(owner(word), self)))
            return false;
        if (!*woken && (word & (WAITERS | WOKEN)) == WAITERS)
            *woken = change(mutex, &word, word | WOKEN, __ATOMIC_RELAXED);
        lgi_pause();
    }
    return false;
}

/* ---- waiting ---- */

LG_ERROR_DEFINE_ERRNO(lg_error_abandoned, EOWNERDEAD,
                      "the owner of the mutex has ended without unlocking it");

bool lgi_mutex_is_abandoned(const lg_mutex *mutex)
{
    uint64_t holder = owner(__atomic_load_n(&mutex->lgi_word, __ATOMIC_ACQUIRE));
    return holder && !lgi_identity_find(holder) &&
           owner(__atomic_load_n(&mutex->lgi_word, __ATOMIC_ACQUIRE)) == holder;
}

lg_error *lgi_abandoned(lg_until until)
{
    if (until.lgi_deadline == LG_DURATION_MAX && !until.lgi_done)
        lg_panic("lock of a mutex whose owner has ended without unlocking it: it would wait for "
                 "ever");
    return &lg_error_abandoned;
}

/* Puts the caller into the list; false: it has got the mutex instead. */
static bool queue(lg_mutex *mutex, struct lgi_waiter *waiter, bool woken, bool again, bool starving)
{
    struct lgi_g *self = waiter->g;
    uint64_t word, next;
    lgi_mutex_lock_list(mutex);
    do {
        word = lgi_mutex_settled_under_lock(mutex);
        next = woken ? word & ~(uint64_t)WOKEN : word;
        next |= owner(word) ? WAITERS | (starving ? STARVING : 0) : self->identity;
    } while (!change(mutex, &word, next, __ATOMIC_ACQUIRE));
    bool waits = owner(word) != 0;
    if (waits) {
        lgi_wait_begin(self, "mutex");
        self->held = &mutex->lgi_word;
        if (again)
            lgi_waiters_push_front(&mutex->lgi_waiters, waiter);
        else
            lgi_waiters_push(&mutex->lgi_waiters, waiter);
    }
    lgi_mutex_unlock_list(mutex);
    return waits;
}

static void leave(lg_mutex *mutex, struct lgi_waiter *waiter)
{
    lgi_mutex_lock_list(mutex);
    lgi_waiters_remove(&mutex->lgi_waiters, waiter); /* its flag is left to whoever unlocks */
    lgi_mutex_unlock_list(mutex);
}

/* The mutex was handed over. */
static void arrive(lg_mutex *mutex, bool starving)
{
    uint64_t word = __atomic_load_n(&mutex->lgi_word, __ATOMIC_ACQUIRE);
    if (!starving || !(word & WAITERS))
        __atomic_fetch_and(&mutex->lgi_word, ~(uint64_t)STARVING, __ATOMIC_RELAXED);
}

static lg_error *lock(lg_mutex *mutex, lg_until until, bool through)
{
    struct lgi_g *self = lgi_self();
    struct lgi_waiter waiter = {.g = self};
    bool woken = false, starving = false;
    lg_duration since = 0;

    if (lgi_mutex_lock_by_bias(mutex) || take(mutex, self->identity, false))
        return NULL;
    if (lg_mutex_is_owned(mutex))
        lg_panic("lock of a mutex that the caller holds already: it would wait for itself");
    for (;;) {
        if (spin(mutex, self, &woken))
            return NULL;
        if (lgi_mutex_is_abandoned(mutex))
            return lgi_abandoned(until);
        if (!queue(mutex, &waiter, woken, since != 0, starving))
            return NULL;
        if (since == 0)
            since = lgi_real_now();
        uint32_t claim = through ? lgi_park_for_owner(self) : lgi_park(self, until);
        if (claim < LGI_READY) {
            leave(mutex, &waiter);
            if (claim != LGI_STOPPED && lgi_mutex_is_abandoned(mutex))
                return lgi_abandoned(until);
            return lgi_wait_failed(claim, until);
        }
        starving = starving || lgi_real_now() - since > starving_after;
        if (claim == LGI_READY + HAS) {
            arrive(mutex, starving);
            return NULL;
        }
        woken = true;
        if (take(mutex, self->identity, true))
            return NULL;
    }
}

static __attribute__((noinline)) void lock_otherwise(lg_mutex *mutex)
{
    (void)lock(mutex, lg_until_forever(), false);
    lgi_acquired(&mutex->lgi_word);
}

void lgi_mutex_lock(lg_mutex *mutex)
{
    if (!lgi_mutex_lock_by_bias(mutex))
        lock_otherwise(mutex);
}

lg_error *lgi_mutex_lock_until(lg_mutex *mutex, lg_until until)
{
    lg_error *error = lock(mutex, until, false);
    if (!error)
        lgi_acquired(&mutex->lgi_word);
    return error;
}

void lg_mutex_relock(lg_mutex *mutex)
{
    (void)lock(mutex, lg_until_forever(), true);
    lgi_acquired(&mutex->lgi_word);
}

bool lgi_mutex_try_lock(lg_mutex *mutex)
{
    bool locked = lgi_mutex_lock_by_bias(mutex) || take(mutex, lgi_self()->identity, false);
    if (locked)
        lgi_acquired(&mutex->lgi_word);
    return locked;
}

/* ---- unlocking ---- */

/* Gives up the word to somebody in the list; false: there is nobody. */
static bool pass_on(lg_mutex *mutex)
{
    struct lgi_g *next = NULL;
    lgi_mutex_lock_list(mutex);
    uint64_t word = __atomic_load_n(&mutex->lgi_word, __ATOMIC_RELAXED), to;
    bool hand = (word & STARVING) != 0;
    struct lgi_waiter *waiter = lgi_waiters_claim(&mutex->lgi_waiters, hand ? HAS : TRY);
    uint64_t more = lgi_waiters_empty(&mutex->lgi_waiters) ? 0 : WAITERS;
    if (waiter) {
        next = waiter->g;
        do /* somebody may begin to spin */
            to = hand ? next->identity | STARVING | (word & WOKEN) : WOKEN;
        while (!change(mutex, &word, to | more, __ATOMIC_RELEASE));
    } else {
        __atomic_fetch_and(&mutex->lgi_word, ~(uint64_t)(WAITERS | STARVING), __ATOMIC_RELAXED);
    }
    lgi_mutex_unlock_list(mutex);
    if (next)
        lgi_unpark(next);
    return next != NULL;
}

/* To nobody in particular. */
static bool give_up(lg_mutex *mutex, uint64_t word)
{
    uint64_t self = owner(word);
    bool biased = word == self && lgi_mutex_note_unlock(mutex);
    if (change(mutex, &word, biased ? LGI_BIASED : word & (WAITERS | WOKEN), __ATOMIC_RELEASE))
        return true;
    if (biased)
        lgi_mutex_take_bias_back(mutex);
    return false;
}

static __attribute__((noinline)) void unlock_otherwise(lg_mutex *mutex)
{
    lgi_releases(&mutex->lgi_word);
    uint64_t self = lgi_self()->identity, word;
    bool done;
    do {
        word = lgi_mutex_settled(mutex);
        if (!owner(word))
            lg_panic("unlock of a mutex that is not locked");
        if (owner(word) != self)
            lg_panic("unlock of a mutex that another goroutine or thread holds");
        if (!(word & WAITERS) || (word & (WOKEN | STARVING)) == WOKEN)
            done = give_up(mutex, word);
        else
            done = pass_on(mutex);
    } while (!done);
}

void lgi_mutex_unlock(lg_mutex *mutex)
{
    if (!lgi_mutex_unlock_by_bias(mutex))
        unlock_otherwise(mutex);
}
