/* Semaphores: a number of units, which are acquired and released, one or more at a time.
 *
 *     static lg_semaphore requests = LG_SEMAPHORE_INIT(10);    // ten units, all free
 *
 *     lg_semaphore_acquire(&requests, 1);
 *     lg_defer(lg_semaphore_release, &requests, 1);
 *
 *     static lg_semaphore arrivals;                 // all zero: none yet, and any number may be released
 *
 * Order: first come, first served. Whoever wants many units is not passed by those who want few; while somebody waits,
 * even lg_semaphore_try_acquire gets none.
 *
 * Mistakes are panics: to want more than LG_SEMAPHORE_INIT said that there are (it would be a wait for ever), and to
 * release more than were acquired. An all-zero one has no such limit.
 *
 * Memory: no allocation, nothing to destroy. It may be freed when nobody waits and what was released has been
 * acquired, also while that release has not returned yet. Never copy or move one that is in use.
 *
 * Threads: any, and all goroutines; whoever releases need not be the one that acquired.
 */
#ifndef LIFOGUARD_SEMAPHORE_H
#define LIFOGUARD_SEMAPHORE_H

#include <stddef.h>

#include <lifoguard/until.h>

LG_BEGIN_DECLS

typedef struct lg_semaphore {
    uint64_t lgi_state; /* twice the units that are free; 1 more if somebody waits */
    size_t lgi_size;    /* 0: no limit */
    uint32_t lgi_lock;  /* for the list */
    struct lgi_waiters lgi_waiters;
} lg_semaphore;

/* An initialiser: `size` units, all free. With 0 the same as all zero. */
#define LG_SEMAPHORE_INIT(size) {2 * (uint64_t)(size), (size), 0, {0, 0}}

/* Acquires so many units, waiting for as long as it takes. */
LG_API void lg_semaphore_acquire(lg_semaphore *semaphore, size_t units);

/* The same until `until` (until.h); an error if it has acquired none. */
LG_API lg_error *lg_semaphore_acquire_until(lg_semaphore *semaphore, size_t units, lg_until until)
    __attribute__((__warn_unused_result__));

/* Acquires them, if that can be done without waiting; false if not. */
LG_API bool lg_semaphore_try_acquire(lg_semaphore *semaphore, size_t units)
    __attribute__((__warn_unused_result__));

LG_API void lg_semaphore_release(lg_semaphore *semaphore, size_t units);

LG_END_DECLS

#endif
