/* Semaphores: a count of units that goroutines and threads acquire and release, one or more at a time.
 *
 *     static lg_semaphore requests = LG_SEMAPHORE_INIT(10);    // ten units, all free
 *
 *     lg_semaphore_acquire(&requests, 1);
 *     lg_defer(lg_semaphore_release, &requests, 1);
 *
 *     static lg_semaphore arrivals;                 // all zero: no free units, and any number may be released
 *
 * Order: first come, first served. Later callers that want few units do not overtake a waiter that wants many units; while
 * a waiter exists, lg_semaphore_try_acquire fails.
 *
 * Panics: acquiring more units than the size in LG_SEMAPHORE_INIT panics, because the wait would never end. Releasing more
 * units than were acquired panics too. An all-zero semaphore has no size and checks neither.
 *
 * Memory: no allocation, no destroy function. Free a semaphore when nobody waits and all released units have been
 * acquired; the last release need not have returned yet. Never copy or move a semaphore that is in use.
 *
 * Threads: goroutines and all other threads may call every function here. A goroutine may release a unit that another
 * goroutine has acquired.
 */
#ifndef LIFOGUARD_SEMAPHORE_H
#define LIFOGUARD_SEMAPHORE_H

#include <stddef.h>

#include <lifoguard/until.h>

LG_BEGIN_DECLS

typedef struct lg_semaphore {
    uint64_t lgi_state; /* twice the number of free units, plus 1 if there is a waiter */
    size_t lgi_size;    /* 0: no limit */
    uint32_t lgi_lock;  /* protects the list of waiters */
    struct lgi_waiters lgi_waiters;
} lg_semaphore;

/* Initialises a semaphore with `size` units, all free. Size 0 is equal to all zero: no limit, no free units. */
#define LG_SEMAPHORE_INIT(size) {2 * (uint64_t)(size), (size), 0, {0, 0}}

/* Acquires `units` units; waits without limit. */
LG_API void lg_semaphore_acquire(lg_semaphore *semaphore, size_t units);

/* Acquires `units` units and returns NULL. If `until` comes first (until.h), returns an error and acquires no unit. */
LG_API lg_error *lg_semaphore_acquire_until(lg_semaphore *semaphore, size_t units, lg_until until)
    __attribute__((__warn_unused_result__));

/* Acquires `units` units and returns true. If the units are not free at once, returns false and acquires no unit. */
LG_API bool lg_semaphore_try_acquire(lg_semaphore *semaphore, size_t units)
    __attribute__((__warn_unused_result__));

/* Releases `units` units and wakes the waiters that can have their units now. */
LG_API void lg_semaphore_release(lg_semaphore *semaphore, size_t units);

LG_END_DECLS

#endif
