/* Mutexes, for goroutines and threads alike.
 *
 *     static lg_mutex mutex;                        // all zero: not locked
 *
 *     lg_mutex_lock(&mutex);
 *     lg_defer(lg_mutex_unlock, &mutex);            // on every exit, a panic too: the waiters go on (D13)
 *     if (cheap_check(cache))
 *         return;
 *     {
 *         lg_mutex_unlocked(&mutex);                // not locked until the end of this block, however it is left
 *         slow_work();
 *     }
 *     keep(cache);
 *
 * A mutex belongs to the goroutine or thread that has locked it. Mistakes are panics: to lock what one holds (it would
 * be a wait for oneself), to unlock what nobody holds, or what another holds. (In Go the first is a deadlock, the
 * second ends the program, the third is allowed.) Whoever ends without unlocking leaves the mutex locked.
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
    uintptr_t
        lgi_word; /* the owner's struct lgi_g; in the lowest bits what src/sync/mutex.c has there */
    uint32_t lgi_lock; /* for the list */
    struct lgi_waiters lgi_waiters;
} lg_mutex;

/* Not locked. The same as all zero. */
#define LG_MUTEX_INIT {0, 0, {0, 0}}

/* Locks, waiting for as long as it takes. */
static inline void lg_mutex_lock(lg_mutex *mutex);

/* The same until `until` (until.h); an error if it could not be locked. */
static inline lg_error *lg_mutex_lock_until(lg_mutex *mutex, lg_until until)
    __attribute__((__warn_unused_result__));

/* Locks, if that can be done without waiting; false if not. */
static inline bool lg_mutex_try_lock(lg_mutex *mutex) __attribute__((__warn_unused_result__));

static inline void lg_mutex_unlock(lg_mutex *mutex);

/* Does the caller hold it? For assertions. */
static inline bool lg_mutex_is_mine(const lg_mutex *mutex);

/* Locks; even lg_exit does not end the wait. For cleanups: what lg_mutex_unlocked does at the end. */
LG_API void lg_mutex_relock(lg_mutex *mutex);

#ifndef __cplusplus
#if !defined(                                                                                      \
    __clang__) /* gcc then shows an error in a macro where the macro is used, without its insides */
#pragma GCC system_header
#endif
/* lg_mutex_unlocked(mutex): unlocks, and locks again when the enclosing block is left: by its end, return, break, goto,
 * panic or goexit, and before what was deferred outside runs. It is a lg_defer (defer.h), so it stands in a block
 * and not as the lone body of an `if`, and no jump leads past it into its reach. */
#define lg_mutex_unlocked(mutex)                                                                   \
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
    uintptr_t self = (uintptr_t)lgi_current, nobody = 0;
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
    uintptr_t self = (uintptr_t)lgi_current;
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

static inline bool lg_mutex_is_mine(const lg_mutex *mutex)
{
    uintptr_t owner = __atomic_load_n(&mutex->lgi_word, __ATOMIC_RELAXED) & ~(uintptr_t)7;
    return owner != 0 && owner == (uintptr_t)lgi_current;
}

LG_END_DECLS

#endif
