/* Read-write mutexes, for goroutines and threads: locked by any number of readers, or by one writer.
 *
 *     static lg_rwmutex mutex;                      // all zero: unlocked
 *
 *     lg_rwmutex_rlock(&mutex);
 *     lg_defer(lg_rwmutex_runlock, &mutex);
 *     return look_up(table, key);
 *
 * Order: as in Go. A waiting writer blocks new readers, so readers cannot starve writers. When a writer unlocks, the
 * readers that have waited for that writer lock next, so writers cannot starve readers. Writers queue as for an lg_mutex
 * (mutex.h).
 *
 * Deadlock: as in Go, two mistakes deadlock and are not detected, because the library does not record readers. First,
 * a reader that locks for reading again: a writer may wait for the first lock, and the second lock waits for that
 * writer. Second, a reader that locks for writing. Three other mistakes are detected and panic: a writer locks again, for
 * reading or writing; a goroutine unlocks for reading or for writing an lg_rwmutex that is not locked in that mode; a
 * goroutine that is not the writer calls lg_rwmutex_unlock. (A goroutine may call lg_rwmutex_runlock for an
 * lg_rwmutex_rlock of another goroutine.)
 *
 * Memory: no allocation, no destroy function. Free an lg_rwmutex when no other goroutine will use it, as for an
 * lg_mutex. Never copy or move an lg_rwmutex that is in use.
 *
 * Threads: goroutines and all other threads may call every function here.
 */
#ifndef LIFOGUARD_RWMUTEX_H
#define LIFOGUARD_RWMUTEX_H

#include <lifoguard/mutex.h>
#include <lifoguard/until.h>

LG_BEGIN_DECLS

typedef struct lg_rwmutex {
    uint64_t lgi_state;   /* src/sync/rwmutex.c */
    lg_mutex lgi_writers; /* owned by the writer that holds the lock or locks next */
    struct lgi_waiters lgi_readers;
    struct lgi_waiter *lgi_writer; /* the owner of lgi_writers, while readers hold the lock */
    uint32_t lgi_lock;             /* protects lgi_readers and lgi_writer */
} lg_rwmutex;

/* Initialises an unlocked lg_rwmutex; equal to all zero. */
#define LG_RWMUTEX_INIT {0, LG_MUTEX_INIT, {0, 0}, 0, 0}

/* Lock and unlock for reading; other readers may hold the lock at the same time. Limits, results and errors are as in the
 * functions of an lg_mutex (mutex.h). */
static inline void lg_rwmutex_rlock(lg_rwmutex *mutex);
static inline lg_error *lg_rwmutex_rlock_until(lg_rwmutex *mutex, lg_until until)
    __attribute__((__warn_unused_result__));
static inline bool lg_rwmutex_try_rlock(lg_rwmutex *mutex) __attribute__((__warn_unused_result__));
static inline void lg_rwmutex_runlock(lg_rwmutex *mutex);

/* Lock and unlock for writing; no other reader or writer holds the lock at the same time. Limits, results and errors are as
 * in the functions of an lg_mutex (mutex.h). */
LG_API void lg_rwmutex_lock(lg_rwmutex *mutex);
LG_API lg_error *lg_rwmutex_lock_until(lg_rwmutex *mutex, lg_until until)
    __attribute__((__warn_unused_result__));
LG_API bool lg_rwmutex_try_lock(lg_rwmutex *mutex) __attribute__((__warn_unused_result__));
LG_API void lg_rwmutex_unlock(lg_rwmutex *mutex);

/* ---- internal: inline functions ---------------------------------------------------------------------- */

LG_API lg_error *lgi_rwmutex_rlock(lg_rwmutex *mutex, lg_until until);
LG_API void lgi_rwmutex_runlock(lg_rwmutex *mutex);

enum { LGI_RW_WRITING = 1, LGI_RW_PENDING = 2, LGI_RW_QUEUED = 4, LGI_RW_READER = 8 };

/* lg_rwmutex_try_rlock and lg_rwmutex_runlock guess that there is no other reader: reading the word first takes half as long as
 * the exchange. */
static inline bool lg_rwmutex_try_rlock(lg_rwmutex *mutex)
{
    uint64_t state = 0;
    do {
        if (__builtin_expect(__atomic_compare_exchange_n(&mutex->lgi_state, &state,
                                                         state + LGI_RW_READER, false,
                                                         __ATOMIC_ACQUIRE, __ATOMIC_RELAXED),
                             1))
            return true;
    } while (!(state & (LGI_RW_WRITING | LGI_RW_PENDING)));
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
    uint64_t state = LGI_RW_READER;
    do {
        if (__builtin_expect(__atomic_compare_exchange_n(&mutex->lgi_state, &state,
                                                         state - LGI_RW_READER, false,
                                                         __ATOMIC_RELEASE, __ATOMIC_RELAXED),
                             1))
            return;
    } while (state >= LGI_RW_READER && !(state & LGI_RW_PENDING));
    lgi_rwmutex_runlock(mutex);
}

LG_END_DECLS

#ifndef __cplusplus
/* lg_guard(lg_rwmutex)(&mutex) to write, lg_guard(lg_rwmutex_read)(&mutex) to read; each with _try: see auto.h. */
LG_DEFINE_GUARD(lg_rwmutex, lg_rwmutex *, lg_rwmutex_lock, lg_rwmutex_unlock)
LG_DEFINE_GUARD(lg_rwmutex_read, lg_rwmutex *, lg_rwmutex_rlock, lg_rwmutex_runlock)
LG_DEFINE_TRY_GUARD(lg_rwmutex_try, lg_rwmutex *, lg_rwmutex_try_lock, lg_rwmutex_unlock)
LG_DEFINE_TRY_GUARD(lg_rwmutex_read_try, lg_rwmutex *, lg_rwmutex_try_rlock, lg_rwmutex_runlock)
#if defined(__clang__) /* shows this line of a name that resembles it, and not the macro */
static inline struct lgi_guard
lg_rwmutex_guard__write_the_name_of_a_guard_and_then_the_address_of_its_lock(lg_rwmutex *lock);
#endif
#endif

#endif
