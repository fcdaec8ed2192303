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
#ifndef LIFOGUARD_COND_H
#define LIFOGUARD_COND_H

#include <lifoguard/mutex.h>
#include <lifoguard/until.h>

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
