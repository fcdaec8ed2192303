/* Mutexes and condition variables, for goroutines and threads.
 *
 *     static lg_mutex mutex;                        // all zero: unlocked
 *
 *     lg_mutex_lock(&mutex);
 *     lg_defer(lg_mutex_unlock, &mutex);            // on every exit, also on a panic (D13)
 *     if (cheap_check(cache))
 *         return;
 *     {
 *         lg_mutex_scoped_unlock(&mutex);           // unlocked until this block is left by any exit
 *         slow_work();
 *     }
 *     keep(cache);
 *
 *     lg_mutex_lock(&queue->mutex);
 *     lg_defer(lg_mutex_unlock, &queue->mutex);
 *     while (queue->count == 0)
 *         lg_cond_wait(&queue->changed, &queue->mutex);
 *
 * Owner: the goroutine or thread that locked a mutex owns the mutex. Three mistakes panic: locking a mutex that
 * the caller owns (a deadlock), unlocking an unlocked mutex, and unlocking a mutex of another owner. (In Go, locking
 * twice is a deadlock, unlocking an unlocked mutex ends the program, and unlocking a mutex of another goroutine is
 * allowed.) If the owner ends without unlocking, the mutex stays locked for ever: afterwards lg_mutex_lock panics and
 * lg_mutex_lock_until returns lg_error_abandoned.
 * A goroutine that was waiting before the owner ended keeps waiting; the deadlock report names it.
 *
 * Order: as in Go. Waiters are woken in order of arrival, but a running goroutine may lock the mutex before the woken
 * waiter does; a waiter that has waited for a millisecond is handed the mutex. Do not compute for long while
 * holding a mutex: other goroutines of the same thread cannot run meanwhile. Waiting while holding a mutex is fine.
 *
 * Conditions: lg_cond_wait unlocks the mutex, waits for a signal or broadcast, locks the mutex again, and returns.
 * The mutex is locked again on every exit, also when `until` comes first or lg_exit ends the waiting goroutine; so
 * a deferred unlock is always right. Locking the mutex again may take longer than `until`. As in Go, no wait
 * ends without a signal or broadcast that was made after the wait began, and a signal wakes the goroutine that has
 * waited longest. Another goroutine may still undo the change before the mutex is locked again, so wait in a
 * loop. A signal without a waiter has no effect.
 *
 * Memory: a mutex has 32 bytes. Neither a mutex nor a condition allocates memory or needs a destroy function. A
 * mutex may be freed as soon as no other goroutine will use it; the next owner may unlock and free the mutex even if
 * the unlock of the previous owner has not returned yet. A condition may be freed when no goroutine waits and no
 * signal is under way; after an lg_cond_broadcast made with the mutex locked, as soon as the mutex may be freed.
 * Never copy or move a mutex or condition that is in use.
 *
 * Threads: goroutines and all other threads may call every function here, but only the owner may call
 * lg_mutex_unlock. lg_cond_signal and lg_cond_broadcast do not require the mutex. Do not call these functions in
 * signal handlers.
 */
#ifndef LIFOGUARD_MUTEX_H
#define LIFOGUARD_MUTEX_H

#include <lifoguard/auto.h>
#include <lifoguard/defer.h>
#include <lifoguard/until.h>

LG_BEGIN_DECLS

typedef struct lg_mutex {
    uint64_t lgi_word; /* the owner's identity; for the other bits see src/sync/mutex.c */
    uint32_t lgi_lock; /* protects the list of waiters */
    uint32_t lgi_bias; /* src/sync/mutex_bias.h */
    struct lgi_waiters lgi_waiters;
} lg_mutex;

/* Initialises an unlocked mutex; equal to all zero. */
#define LG_MUTEX_INIT {0, 0, 0, {0, 0}}

/* Locks the mutex; waits without limit. Panics if the caller owns the mutex, or if the owner ended without unlocking. */
static inline void lg_mutex_lock(lg_mutex *mutex);

/* The error of lg_mutex_lock_until when the owner ended without unlocking the mutex. Its errno value is EOWNERDEAD.
 * lg_mutex_lock panics in the same case. */
extern LG_API lg_error lg_error_abandoned;

/* Locks the mutex and returns NULL. If `until` comes first (until.h), returns an error and does not lock the mutex. */
static inline lg_error *lg_mutex_lock_until(lg_mutex *mutex, lg_until until)
    __attribute__((__warn_unused_result__));

/* Locks the mutex and returns true, or returns false if locking would have to wait. */
static inline bool lg_mutex_try_lock(lg_mutex *mutex) __attribute__((__warn_unused_result__));

/* Unlocks the mutex. Panics if the caller does not own the mutex. */
static inline void lg_mutex_unlock(lg_mutex *mutex);

/* Whether the caller owns the mutex. For assertions. */
static inline bool lg_mutex_is_owned(const lg_mutex *mutex);

/* Locks the mutex like lg_mutex_lock, but lg_exit does not end the wait. Made for cleanups: lg_mutex_scoped_unlock calls
 * lg_mutex_relock at the end of the block. */
LG_API void lg_mutex_relock(lg_mutex *mutex);

#ifndef __cplusplus
#if !defined(                                                                                      \
    __clang__) /* With system_header, gcc reports an error in a macro at the place of use, without the expansion. */
#pragma GCC system_header
#endif
/* lg_mutex_scoped_unlock(mutex): unlocks the mutex now, and locks it again when the enclosing block is left by any
 * exit (end of the block, return, break, goto, panic, goexit), before deferred calls of outer blocks run. The macro
 * contains an lg_defer (defer.h), so the macro does not compile as the lone body of an `if`, nor in a block that a jump
 * enters behind the macro. */
#define lg_mutex_scoped_unlock(mutex)                                                              \
    LGI_NEEDS_BRACES                                                                               \
    LGI_NUMBERED(LGI_MUTEX_UNLOCKED, __COUNTER__, mutex)
// clang-format off
#define LGI_MUTEX_UNLOCKED(id, mutex)                                                             \
    lg_mutex *const lgi_mutex_##id = lgi_mutex_unlocked(mutex);                                    \
    LGI_PLAIN(id, 1, "lg_mutex_relock, " #mutex, lg_mutex_relock, lgi_mutex_##id)
// clang-format on
#endif

/* ---- internal: inline functions ---------------------------------------------------------------------- */

LG_API LGI_DIRECT void lgi_mutex_lock(lg_mutex *mutex);
LG_API lg_error *lgi_mutex_lock_until(lg_mutex *mutex, lg_until until);
LG_API bool lgi_mutex_try_lock(lg_mutex *mutex);
LG_API LGI_DIRECT void lgi_mutex_unlock(lg_mutex *mutex);

/* Which bits of the word say who owns the mutex, and what lgi_bias is in a mutex that will never be biased again. */
#define LGI_MUTEX_OWNER (UINT64_MAX / 2 - 7)
#define LGI_MUTEX_SETTLED 0xffffU

/* The common case for a mutex that several threads use: it is unlocked and nobody waits. (The word of a mutex that is biased
 * is never 0. A failing compare-exchange takes as long as all else, so the word is read first.) */
static inline bool lgi_mutex_take(lg_mutex *mutex)
{
    uint64_t self = lgi_identity, nobody = 0;
    return __builtin_expect(self != 0, 1) &&
           __atomic_load_n(&mutex->lgi_word, __ATOMIC_RELAXED) == 0 &&
           __builtin_expect(__atomic_compare_exchange_n(&mutex->lgi_word, &nobody, self, false,
                                                        __ATOMIC_ACQUIRE, __ATOMIC_RELAXED),
                            1);
}

static inline void lg_mutex_lock(lg_mutex *mutex)
{
    if (!lgi_mutex_take(mutex))
        lgi_mutex_lock(mutex);
}

static inline lg_error *lg_mutex_lock_until(lg_mutex *mutex, lg_until until)
{
    return lgi_mutex_take(mutex) ? (lg_error *)0 : lgi_mutex_lock_until(mutex, until);
}

static inline bool lg_mutex_try_lock(lg_mutex *mutex)
{
    return lgi_mutex_take(mutex) || lgi_mutex_try_lock(mutex);
}

static inline void lg_mutex_unlock(lg_mutex *mutex)
{
    uint64_t self = lgi_identity;
    if (__builtin_expect(self == 0, 0) ||
        __atomic_load_n(&mutex->lgi_bias, __ATOMIC_RELAXED) != LGI_MUTEX_SETTLED ||
        !__builtin_expect(__atomic_compare_exchange_n(&mutex->lgi_word, &self, 0, false,
                                                      __ATOMIC_RELEASE, __ATOMIC_RELAXED),
                          1))
        lgi_mutex_unlock(mutex);
}

static inline lg_mutex *lgi_mutex_unlocked(lg_mutex *mutex)
{
    lg_mutex_unlock(mutex);
    return mutex;
}

static inline bool lg_mutex_is_owned(const lg_mutex *mutex)
{
    uint64_t owner = __atomic_load_n(&mutex->lgi_word, __ATOMIC_RELAXED) & LGI_MUTEX_OWNER;
    return owner != 0 && owner == lgi_identity;
}

LG_END_DECLS

#ifndef __cplusplus
/* lg_guard(lg_mutex)(&mutex), lg_guard_as(lg_mutex_try, guard)(&mutex): see auto.h. */
LG_DEFINE_GUARD(lg_mutex, lg_mutex *, lg_mutex_lock, lg_mutex_unlock)
LG_DEFINE_TRY_GUARD(lg_mutex_try, lg_mutex *, lg_mutex_try_lock, lg_mutex_unlock)
#if defined(__clang__) /* shows this line of a name that resembles it, and not the macro */
static inline struct lgi_guard
lg_mutex_guard__write_the_name_of_a_guard_and_then_the_address_of_its_lock(lg_mutex *lock);
#endif
#endif

/* ---- conditions ----------------------------------------------------------------------------------------- */

LG_BEGIN_DECLS

typedef struct lg_cond {
    uint32_t lgi_lock;    /* protects the list of waiters */
    uint32_t lgi_waiting; /* whether the list has waiters */
    struct lgi_waiters lgi_waiters;
} lg_cond;

/* Initialises a condition without waiters; equal to all zero. */
#define LG_COND_INIT {0, 0, {0, 0}}

/* Unlocks the mutex, waits for a signal or broadcast without limit, and locks the mutex again. Panics if the caller does
 * not own the mutex. */
LG_API void lg_cond_wait(lg_cond *cond, lg_mutex *mutex);

/* Like lg_cond_wait, with a limit: returns NULL after a signal or broadcast, or an error if `until` comes first (until.h).
 * The mutex is locked again in both cases. */
LG_API lg_error *lg_cond_wait_until(lg_cond *cond, lg_mutex *mutex, lg_until until)
    __attribute__((__warn_unused_result__));

/* lg_cond_signal wakes the goroutine that has waited longest; lg_cond_broadcast wakes all waiting goroutines. */
LG_API void lg_cond_signal(lg_cond *cond);
LG_API void lg_cond_broadcast(lg_cond *cond);

LG_END_DECLS

#endif
