/* Read-write mutexes: any number of readers or one writer, goroutines and threads alike.
 *
 *     static lg_rwmutex mutex;                      // all zero: not locked
 *
 *     lg_rwmutex_rlock(&mutex);
 *     lg_defer(lg_rwmutex_runlock, &mutex);
 *     return look_up(table, key);
 *
 * Order: as in Go. A writer that waits lets no new readers in, so readers cannot keep it out; when a writer unlocks,
 * the readers that waited for it come next, so writers cannot keep them out. Writers among themselves are as those
 * of a mutex (mutex.h).
 *
 * Hence, again as in Go, what deadlocks: to lock for reading what one has locked for reading already (a writer may
 * have come in between, and waits for the first), and to lock for writing what one has locked for reading. Who
 * reads is not known, so these are not found; what is known is a panic: to lock, for either, what one has locked for
 * writing; to unlock what is not locked so; and lg_rwmutex_unlock of what another has locked. (An lg_rwmutex_runlock may
 * be made by another than the lg_rwmutex_rlock.)
 *
 * Memory: no allocation, nothing to destroy. It may be freed by whoever knows that nobody uses it any more, as a mutex.
 * Never copy or move one that is in use.
 *
 * Threads: any, and all goroutines.
 */
#ifndef LIFOGUARD_RWMUTEX_H
#define LIFOGUARD_RWMUTEX_H

#include <lifoguard/mutex.h>
#include <lifoguard/until.h>

LG_BEGIN_DECLS

typedef struct lg_rwmutex {
    uint64_t lgi_state;   /* src/sync/rwmutex.c */
    lg_mutex lgi_writers; /* which of them is the next, or is in */
    struct lgi_waiters lgi_readers;
    struct lgi_waiter *lgi_writer; /* that has lgi_writers, and waits for those inside to leave */
    uint32_t lgi_lock;             /* for the two above */
} lg_rwmutex;

/* Not locked. The same as all zero. */
#define LG_RWMUTEX_INIT {0, LG_MUTEX_INIT, {0, 0}, 0, 0}

/* Locks for reading: others may, too. Each form as of a mutex (mutex.h). */
static inline void lg_rwmutex_rlock(lg_rwmutex *mutex);
static inline lg_error *lg_rwmutex_rlock_until(lg_rwmutex *mutex, lg_until until)
    __attribute__((__warn_unused_result__));
static inline bool lg_rwmutex_try_rlock(lg_rwmutex *mutex) __attribute__((__warn_unused_result__));
static inline void lg_rwmutex_runlock(lg_rwmutex *mutex);

/* Locks for writing: nobody else is in. */
LG_API void lg_rwmutex_lock(lg_rwmutex *mutex);
LG_API lg_error *lg_rwmutex_lock_until(lg_rwmutex *mutex, lg_until until)
    __attribute__((__warn_unused_result__));
LG_API bool lg_rwmutex_try_lock(lg_rwmutex *mutex) __attribute__((__warn_unused_result__));
LG_API void lg_rwmutex_unlock(lg_rwmutex *mutex);

/* ---- what is inline -------------------------------------------------------------------------------- */

LG_API lg_error *lgi_rwmutex_rlock(lg_rwmutex *mutex, lg_until until);
LG_API void lgi_rwmutex_runlock(lg_rwmutex *mutex);

enum { LGI_RW_WRITING = 1, LGI_RW_PENDING = 2, LGI_RW_QUEUED = 4, LGI_RW_READER = 8 };

static inline bool lg_rwmutex_try_rlock(lg_rwmutex *mutex)
{
    uint64_t state = __atomic_load_n(&mutex->lgi_state, __ATOMIC_RELAXED);
    while (__builtin_expect(!(state & (LGI_RW_WRITING | LGI_RW_PENDING)), 1))
        if (__builtin_expect(__atomic_compare_exchange_n(&mutex->lgi_state, &state,
                                                         state + LGI_RW_READER, false,
                                                         __ATOMIC_ACQUIRE, __ATOMIC_RELAXED),
                             1))
            return true;
    return false;
}

static inline void lg_rwmutex_rlock(lg_rwmutex *mutex)
{
    if (!lg_rwmutex_try_rlock(mutex))
        lgi_rwmutex_rlock(mutex, lg_until_forever());
}

static inline lg_error *lg_rwmutex_rlock_until(lg_rwmutex *mutex, lg_until until)
{
    return lg_rwmutex_try_rlock(mutex) ? (lg_error *)0 : lgi_rwmutex_rlock(mutex, until);
}

static inline void lg_rwmutex_runlock(lg_rwmutex *mutex)
{
    uint64_t state = __atomic_load_n(&mutex->lgi_state, __ATOMIC_RELAXED);
    if (!__builtin_expect(state >= LGI_RW_READER && !(state & LGI_RW_PENDING) &&
                              __atomic_compare_exchange_n(&mutex->lgi_state, &state,
                                                          state - LGI_RW_READER, false,
                                                          __ATOMIC_RELEASE, __ATOMIC_RELAXED),
                          1))
        lgi_rwmutex_runlock(mutex);
}

LG_END_DECLS

#endif
