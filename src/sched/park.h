/* Waiting and waking, for goroutines and threads alike. Everything in this library that waits goes through here.
 *
 * To wait:
 *
 *     lgi_wait_begin(g, "mutex");
 *     … a struct lgi_waiter on the own stack goes into the object's list, under the object's lock …
 *     claim = lgi_park(g, until);
 *     if (claim < LGI_READY) {
 *         … take the waiter out of the list again, under the lock …
 *         return lgi_wait_failed(claim, until);
 *     }
 *
 * To wake: take a waiter out of the list, under the object's lock, and call lgi_claim for its goroutine. If lgi_claim
 * returns false, something else (another case of a select, the deadline) has ended the wait: go on to the next waiter. If
 * it returns true, the wait is the waker's: the waiter and what it points to stay until the waker calls lgi_unpark,
 * once, preferably after the unlock. A waker never blocks. */
#ifndef LGI_SCHED_PARK_H
#define LGI_SCHED_PARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lifoguard/until.h>

#include "sched/lock.h"

struct lgi_waiter {
    struct lgi_waiter *next, *previous;
    /* The one that was put behind `next`, to be fetched early when many are woken; it may be gone. NULL: none. */
    struct lgi_waiter *ahead;
    struct lgi_g *g;
    void *data;     /* the object's own */
    uint32_t index; /* the object's own: which case of a select, what to claim it as */
    bool queued;    /* in a list; the object's lock guards it */
    bool watches;   /* a struct lgi_done, from lgi_done_watch to lgi_done_unwatch */
};

/* Why a wait ended. */
enum {
    LGI_WAITING = 0,
    LGI_TIMED_OUT = 1,
    LGI_IS_DONE = 2, /* until's lgi_done happened */
    LGI_STOPPED = 3, /* the goroutine is to end (lg_exit) */
    LGI_READY = 8    /* what was waited for; the waker may add a number of its own */
};

/* The calling goroutine or thread. Never NULL. */
struct lgi_g *lgi_self_slow(void);
static inline struct lgi_g *lgi_self(void)
{
    struct lgi_g *g = lgi_current;
    return __builtin_expect(g != NULL, 1) ? g : lgi_self_slow();
}

/* From here on the wait can be claimed. `what` is static text: what the goroutine waits for, in dumps. */
void lgi_wait_begin(struct lgi_g *g, const char *what);

/* The same for a wait without a limit, for one object alone: only a holder of the object's lock can claim the wait, so
 * claiming takes no atomic operation. The caller holds the lock, and then calls lgi_park(g, lg_until_forever()). */
void lgi_wait_begin_under(struct lgi_g *g, const char *what, uint32_t *lock);

/* The same for an object whose lock is a bit of its state (state_lock.h). */
void lgi_wait_begin_under_state(struct lgi_g *g, const char *what, int64_t *state);

/* Ends the wait as `as`. Of all calls for one wait, one returns true. To be called under the lock of the object in whose
 * list the waiter was found, or by the waiting goroutine itself. */
static inline bool lgi_claim(struct lgi_g *g, uint32_t as);

/* The same for all other callers: of a goroutine, on its worker; of a thread, on the thread itself. (So what the goroutine
 * waits for cannot go away meanwhile.) */
bool lgi_claim_from_outside(struct lgi_g *g, uint32_t as);

/* Makes a goroutine go on whose wait the caller has claimed. */
void lgi_unpark(struct lgi_g *g);

/* Waits until the caller's wait has been claimed and the caller unparked, or until `until`; returns what the wait was ended
 * as. A claim comes before a deadline that has passed as well. */
uint32_t lgi_park(struct lgi_g *g, lg_until until);

/* The less usual waits: of threads, with a deadline, and so on. */
uint32_t lgi_park_otherwise(struct lgi_g *g, lg_until until);

/* The same without a limit, or with a deadline, and lg_exit does not end the wait either: for operations that must be
 * finished. */
uint32_t lgi_park_through(struct lgi_g *g);
uint32_t lgi_park_through_until(struct lgi_g *g, lg_time deadline);

/* As lgi_park_through, for what another thread of this process holds and gives back: a child after fork may wait for it
 * too. */
uint32_t lgi_park_for_owner(struct lgi_g *g);

/* The wait is over because until's lgi_done happened: keeps its error for lgi_wait_failed, since the object may be gone
 * after lgi_done_unwatch. */
void lgi_note_done(struct lgi_g *g, lg_until until);

/* The wait was not ended by what was waited for: returns the static error that says why, or does not return because
 * lg_exit ends the goroutine. */
lg_error *lgi_wait_failed(uint32_t claim, lg_until until);

/* ---- claiming ---- */

/* Added to the address of a state whose bit is the lock. */
enum { LGI_UNDER_STATE = 1 };

/* How a struct lgi_g begins: the members that claiming needs. */
struct lgi_claimed {
    uint32_t claim;
    uint8_t others[4];
    uintptr_t under; /* the address of the lock without which it cannot be claimed; 0: it can */
};

static inline bool lgi_claim(struct lgi_g *g, uint32_t as)
{
    struct lgi_claimed *c = (struct lgi_claimed *)g;
    uint32_t waiting = LGI_WAITING;
    if (!c->under)
        return __atomic_compare_exchange_n(&c->claim, &waiting, as, false, __ATOMIC_ACQ_REL,
                                           __ATOMIC_RELAXED);
    if (__atomic_load_n(&c->claim, __ATOMIC_RELAXED) != LGI_WAITING)
        return false;
    __atomic_store_n(&c->claim, as, __ATOMIC_RELAXED); /* other threads may read it */
    return true;
}

/* ---- lists ---- */

/* Without the lock, the answer may be outdated. */
static inline bool lgi_waiters_empty(const struct lgi_waiters *list)
{
    return __atomic_load_n(&list->first, __ATOMIC_ACQUIRE) == NULL;
}

static inline void lgi_waiters_set_first(struct lgi_waiters *list, struct lgi_waiter *waiter)
{
    __atomic_store_n(&list->first, waiter, __ATOMIC_RELEASE);
}

/* In a child: they stayed in the parent. (An object that is new there is asked without the lock meanwhile.) */
static inline void lgi_waiters_forget(struct lgi_waiters *list)
{
    lgi_waiters_set_first(list, NULL);
    list->last = NULL;
}

static inline void lgi_waiters_push(struct lgi_waiters *list, struct lgi_waiter *waiter)
{
    struct lgi_waiter *last = list->last;
    waiter->next = NULL;
    waiter->previous = last;
    waiter->ahead = NULL;
    waiter->queued = true;
    if (last) {
        last->next = waiter;
        if (last->previous)
            last->previous->ahead = waiter;
    } else {
        lgi_waiters_set_first(list, waiter);
    }
    list->last = waiter;
}

static inline void lgi_waiters_push_front(struct lgi_waiters *list, struct lgi_waiter *waiter)
{
    waiter->previous = waiter->ahead = NULL;
    waiter->next = list->first;
    waiter->queued = true;
    if (list->first)
        list->first->previous = waiter;
    else
        list->last = waiter;
    lgi_waiters_set_first(list, waiter);
}

/* For who wakes one after the other: what is read of the waiter after the next. (Always inline: gcc 12 removes calls of a
 * function that only prefetches.) */
static inline __attribute__((always_inline)) void lgi_waiters_fetch(const struct lgi_waiter *waiter)
{
    __builtin_prefetch(waiter->ahead);
    /* (As a number: it may be NULL, or the address of a waiter that has gone.) */
    __builtin_prefetch((const void *)((uintptr_t)waiter->ahead + sizeof(*waiter) - 1));
}

/* Does nothing if the waiter is in no list. */
static inline void lgi_waiters_remove(struct lgi_waiters *list, struct lgi_waiter *waiter)
{
    if (!waiter->queued)
        return;
    waiter->queued = false;
    if (waiter->previous)
        waiter->previous->next = waiter->next;
    else
        lgi_waiters_set_first(list, waiter->next);
    if (waiter->next)
        waiter->next->previous = waiter->previous;
    else
        list->last = waiter->previous;
}

/* Takes out the first waiter whose wait can be claimed, as `as` plus LGI_READY; NULL if there is none. The caller must
 * unpark its goroutine. */
static inline struct lgi_waiter *lgi_waiters_claim(struct lgi_waiters *list, uint32_t as)
{
    struct lgi_waiter *waiter;
    while ((waiter = list->first)) {
        lgi_waiters_remove(list, waiter);
        if (lgi_claim(waiter->g, LGI_READY + as))
            return waiter;
    }
    return NULL;
}

/* Waiters that were claimed under an object's lock, in their order, to be unparked after the unlock. All zero: none. */
struct lgi_woken {
    struct lgi_waiter *first, *last;
};

static inline void lgi_woken_add(struct lgi_woken *woken, struct lgi_waiter *waiter)
{
    lgi_waiters_fetch(waiter);
    waiter->next = NULL;
    *(woken->first ? &woken->last->next : &woken->first) = waiter;
    woken->last = waiter;
}

/* Takes out and claims all waiters of the list, as lgi_waiters_claim does. */
static inline void lgi_waiters_claim_all(struct lgi_waiters *list, uint32_t as,
                                         struct lgi_woken *woken)
{
    struct lgi_waiter *waiter;
    while ((waiter = lgi_waiters_claim(list, as)))
        lgi_woken_add(woken, waiter);
}

void lgi_unpark_list(struct lgi_waiter *first);
static inline void lgi_unpark_all(const struct lgi_woken *woken)
{
    if (!woken->first)
        return;
    if (woken->first == woken->last)
        lgi_unpark(woken->first->g);
    else
        lgi_unpark_list(woken->first);
}

void lgi_unpark_some(struct lgi_g *const *g, unsigned count);

/* ---- things that happen once ---- */

static inline bool lgi_done_happened(const struct lgi_done *done)
{
    bool happened = __atomic_load_n(&done->happened, __ATOMIC_ACQUIRE) != 0;
    if (happened)
        lgi_acquired(&done->happened);
    return happened;
}

/* What guards the waiters, and what the object that it is of has more. In a child, the parent's waiters are forgotten. */
static inline void lgi_done_lock(struct lgi_done *done)
{
    if (__builtin_expect(lgi_lock_whole(&done->lock), 0))
        lgi_waiters_forget(&done->waiters);
}

static inline void lgi_done_unlock(struct lgi_done *done)
{
    lgi_unlock_lists(&done->lock);
}

/* Makes it happen, and wakes all who wait for it. Their waits return `error`, which is static. Returns false, and changes
 * nothing, if it has happened already. */
bool lgi_done_set(struct lgi_done *done, lg_error *error);

/* The same for an object that has more to do under the lock: called under the lock, if it has not happened yet. The caller
 * unparks `woken` after the unlock. */
void lgi_done_begin_set(struct lgi_done *done, lg_error *error, struct lgi_woken *woken);

/* Puts a waiter into the list, to be claimed as its index; false: it has happened already. The waiter must be taken out
 * again before its wait is over. Until then the waiter holds the object, if the object is counted. */
bool lgi_done_watch(struct lgi_done *done, struct lgi_waiter *waiter);
void lgi_done_unwatch(struct lgi_done *done, struct lgi_waiter *waiter);

/* For a wait that has begun: watches until's lgi_done, if there is one, with a waiter on the caller's stack. False: it has
 * happened, and the wait was ended as LGI_IS_DONE, so nobody will unpark the caller. The second is called in both cases,
 * with what the wait was ended as, and keeps the error for lgi_wait_failed. */
bool lgi_until_watch(struct lgi_g *g, lg_until until, struct lgi_waiter *watch);
void lgi_until_unwatch(struct lgi_g *g, lg_until until, struct lgi_waiter *watch, uint32_t claim);

/* Would a wait until `until` be over now? Returns LGI_TIMED_OUT, LGI_IS_DONE or LGI_WAITING. */
uint32_t lgi_until_over(lg_until until);

#endif
