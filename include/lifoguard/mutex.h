/* Mutexes, for goroutines and threads alike.
 *
 *     static lg_mutex mutex;                        // all zero: not locked
 *
 *     lg_mutex_lock(&mutex);
 *     lg_defer(lg_mutex_unlock, &mutex);            // on every exit, a panic too: the waiters go on (D13)
 *     if (cheap_check(cache))
 *         return;
 *     {
 *         lg_mutex_scoped_unlock(&mutex);                // not locked until the end of this block, however it is left
 *         slow_work();
 *     }
 *     keep(cache);
 *
 * A mutex belongs to the goroutine or thread that has locked it. Mistakes are panics: to lock what one holds (it would
 * be a wait for oneself), to unlock what nobody holds, or what another holds. (In Go the first is a deadlock, the
 * second ends the program, the third is allowed.) Whoever ends without unlocking leaves the mutex locked
 * for ever, since nobody else may unlock it: then lg_mutex_lock panics, and lg_mutex_lock_until returns
 * lg_error_abandoned; who waited before that is told by the deadlock report.
 *
 * Order: as in Go. Waiters are woken in order of arrival, but whoever is running may be faster; one that has waited
 * for a millisecond is handed the mutex. A goroutine should not hold a mutex for long while it runs: others wait for it on
 * their thread's time. Holding it while waiting is fine.
 *
 * Memory: 32 bytes, no allocation, nothing to destroy. It may be freed by whoever knows that nobody uses it any more:
 * also at once by the next who locked it, when the unlock before has not returned yet. Never copy or move a mutex that
 * is in use.
 *
 * Threads: any, and all goroutines; lg_mutex_unlock those that locked. Not from signal handlers.
 */
#ifndef LIFOGUARD_MUTEX_H
#define LIFOGUARD_MUTEX_H

#include <lifoguard/defer.h>
#include <lifoguard/until.h>

LG_BEGIN_DECLS

typedef struct lg_mutex {
    uint64_t
        lgi_word; /* the owner's identity; in the lowest bits what src/sync/mutex.c has there */
    uint32_t lgi_lock; /* for the list */
    struct lgi_waiters lgi_waiters;
} lg_mutex;

/* Not locked. The same as all zero. */
#define LG_MUTEX_INIT {0, 0, {0, 0}}

/* Locks, waiting for as long as it takes. */
static inline void lg_mutex_lock(lg_mutex *mutex);

/* Why lg_mutex_lock_until fails when the goroutine or thread that holds the mutex has ended without unlocking it
 * (EOWNERDEAD). lg_mutex_lock panics then. */
extern LG_API lg_error lg_error_abandoned;

/* The same until `until` (until.h); an error if it could not be locked. */
static inline lg_error *lg_mutex_lock_until(lg_mutex *mutex, lg_until until)
    __attribute__((__warn_unused_result__));

/* Locks, if that can be done without waiting; false if not. */
static inline bool lg_mutex_try_lock(lg_mutex *mutex) __attribute__((__warn_unused_result__));

static inline void lg_mutex_unlock(lg_mutex *mutex);

/* Does the caller hold it? For assertions. */
static inline bool lg_mutex_is_owned(const lg_mutex *mutex);

/* Locks; even lg_exit does not end the wait. For cleanups: what lg_mutex_scoped_unlock does at the end. */
LG_API void lg_mutex_relock(lg_mutex *mutex);

#ifndef __cplusplus
#if !defined(                                                                                      \
    __clang__) /* gcc then shows an error in a macro where the macro is used, without its insides */
#pragma GCC system_header
#endif
/* lg_mutex_scoped_unlock(mutex): unlocks, and locks again when the enclosing block is left: by its end, return, break, goto,
 * panic or goexit, and before what was deferred outside runs. It is a lg_defer (defer.h), so it stands in a block
 * and not as the lone body of an `if`, and no jump leads past it into its reach. */
#define lg_mutex_scoped_unlock(mutex)                                                              \
    LGI_NEEDS_BRACES                                                                               \
    LGI_NUMBER(LGI_MUTEX_UNLOCKED, mutex)
#define LGI_MUTEX_UNLOCKED(id, mutex) LGI_MUTEX_UNLOCKED_(id, mutex)
// clang-format off
#define LGI_MUTEX_UNLOCKED_(id, mutex)                                                             \
    lg_mutex *const lgi_mutex_##id = lgi_mutex_unlocked(mutex);                                    \
    LGI_PLAIN(id, 1, "lg_mutex_relock, " #mutex, lg_mutex_relock, lgi_mutex_##id)
// clang-format on
#endif

/* ---- what is inline -------------------------------------------------------------------------------- */

LG_API void lgi_mutex_lock(lg_mutex *mutex);
LG_API lg_error *lgi_mutex_lock_until(lg_mutex *mutex, lg_until until);
LG_API bool lgi_mutex_try_lock(lg_mutex *mutex);
LG_API void lgi_mutex_unlock(lg_mutex *mutex);

/* The usual case: nobody holds it, nobody waits. */
static inline bool lgi_mutex_take(lg_mutex *mutex)
{
    uint64_t self = lgi_identity, nobody = 0;
    return __builtin_expect(self != 0, 1) &&
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
    uint64_t owner = __atomic_load_n(&mutex->lgi_word, __ATOMIC_RELAXED) & ~UINT64_C(7);
    return owner != 0 && owner == lgi_identity;
}

LG_END_DECLS

/* Conditions: waiting, with a mutex given up meanwhile, until somebody says that something has changed.
 *
 *     lg_mutex_lock(&queue->mutex);
 *     lg_defer(lg_mutex_unlock, &queue->mutex);
 *     while (queue->count == 0)
 *         lg_cond_wait(&queue->changed, &queue->mutex);
 *
 * The mutex is taken again on every exit: also when the deadline came first, or lg_exit ends the goroutine while it
 * waits; so a deferred unlock is always right. Taking it again may take longer than `until` says.
 *
 * As in Go, no wait ends without a signal or broadcast made after it began, and a signal goes to the one that has
 * waited for the longest. Still the change may be undone by others before the mutex is taken again: hence the loop. Signals
 * are not kept: without a waiter they do nothing.
 *
 * Memory: no allocation, nothing to destroy. It may be freed when nobody waits and no signal is under way; after an
 * lg_cond_broadcast made with the mutex held, when the mutex may be. Never copy or move one that is in use.
 *
 * Threads: any, and all goroutines. To signal one need not hold the mutex.
 */

LG_BEGIN_DECLS

typedef struct lg_cond {
    uint32_t lgi_lock;    /* for the list */
    uint32_t lgi_waiting; /* somebody is in it */
    struct lgi_waiters lgi_waiters;
} lg_cond;

/* Nobody waits. The same as all zero. */
#define LG_COND_INIT {0, 0, {0, 0}}

/* Unlocks the mutex, waits, and locks it again. Panics if the caller does not hold it. */
LG_API void lg_cond_wait(lg_cond *cond, lg_mutex *mutex);

/* The same until `until` (until.h). If that comes first the mutex is held just as well. */
LG_API lg_error *lg_cond_wait_until(lg_cond *cond, lg_mutex *mutex, lg_until until)
    __attribute__((__warn_unused_result__));

/* Lets one, or all, of those that wait go on. */
LG_API void lg_cond_signal(lg_cond *cond);
LG_API void lg_cond_broadcast(lg_cond *cond);

LG_END_DECLS

#endif
