/* Queues of goroutines that have not started, first come, first served. Any thread may put and take.
 *
 * A worker's own queue has a place for one goroutine before all others, which spares the worker half the locking. Only the
 * worker fills the place, and only when nothing waits, so the goroutine in it is the oldest. */
#ifndef LGI_SCHED_RUN_QUEUE_H
#define LGI_SCHED_RUN_QUEUE_H

#include "sched/goroutine.h"

struct lgi_run_queue {
    struct lgi_task *oldest;       /* or NULL; atomic */
    struct lgi_task *first, **end; /* end NULL: nothing was ever put in */
    unsigned count;                /* these two are written under the lock, atomically */
    unsigned taken;                /* how many ever: the watcher sees whether there is progress */
    uint32_t lock;
};

static inline unsigned lgi_run_queue_count(const struct lgi_run_queue *starts)
{
    return __atomic_load_n(&starts->count, __ATOMIC_RELAXED) +
           (__atomic_load_n(&starts->oldest, __ATOMIC_RELAXED) != NULL);
}

static inline unsigned lgi_run_queue_taken(const struct lgi_run_queue *starts)
{
    return __atomic_load_n(&starts->taken, __ATOMIC_RELAXED);
}

static inline void lgi_run_queue_set_count(struct lgi_run_queue *starts, unsigned count)
{
    __atomic_store_n(&starts->count, count, __ATOMIC_RELAXED);
}

static inline void lgi_run_queue_put(struct lgi_run_queue *starts, struct lgi_task *start)
{
    start->next = NULL;
    lgi_lock(&starts->lock);
    *(starts->first ? starts->end : &starts->first) = start;
    starts->end = &start->next;
    lgi_run_queue_set_count(starts, starts->count + 1);
    lgi_unlock(&starts->lock);
}

/* The same, by the worker whose queue it is. */
static inline void lgi_run_queue_put_own(struct lgi_run_queue *starts, struct lgi_task *start)
{
    if (lgi_run_queue_count(starts) == 0)
        __atomic_store_n(&starts->oldest, start, __ATOMIC_RELEASE);
    else
        lgi_run_queue_put(starts, start);
}

/* Puts the goroutine before all others. */
static inline void lgi_run_queue_put_back(struct lgi_run_queue *starts, struct lgi_task *start)
{
    lgi_lock(&starts->lock);
    start->next = starts->first;
    if (!starts->first)
        starts->end = &start->next;
    starts->first = start;
    lgi_run_queue_set_count(starts, starts->count + 1);
    lgi_unlock(&starts->lock);
}

/* Puts all goroutines into the list. The worker should check the queue again. */
static inline void lgi_run_queue_settle(struct lgi_run_queue *starts)
{
    struct lgi_task *oldest = __atomic_exchange_n(&starts->oldest, NULL, __ATOMIC_ACQUIRE);
    if (oldest)
        lgi_run_queue_put_back(starts, oldest);
}

/* NULL if there is none. */
static inline struct lgi_task *lgi_run_queue_take(struct lgi_run_queue *starts)
{
    if (__atomic_load_n(&starts->oldest, __ATOMIC_RELAXED)) {
        struct lgi_task *oldest = __atomic_exchange_n(&starts->oldest, NULL, __ATOMIC_ACQUIRE);
        if (oldest) {
            /* (An increment by another thread may be lost: only changes matter.) */
            __atomic_store_n(&starts->taken, lgi_run_queue_taken(starts) + 1, __ATOMIC_RELAXED);
            return oldest;
        }
    }
    if (__atomic_load_n(&starts->count, __ATOMIC_RELAXED) == 0)
        return NULL;
    lgi_lock(&starts->lock);
    struct lgi_task *start = starts->first;
    if (start) {
        starts->first = start->next;
        lgi_run_queue_set_count(starts, starts->count - 1);
        __atomic_store_n(&starts->taken, lgi_run_queue_taken(starts) + 1, __ATOMIC_RELAXED);
    }
    lgi_unlock(&starts->lock);
    return start;
}

/* Moves the older half, rounded up, to the caller's own queue. */
static inline void lgi_run_queue_steal(struct lgi_run_queue *from, struct lgi_run_queue *to)
{
    struct lgi_task *oldest = __atomic_exchange_n(&from->oldest, NULL, __ATOMIC_ACQUIRE);
    if (oldest)
        lgi_run_queue_put(to, oldest);
    lgi_lock(&from->lock);
    unsigned count = oldest ? from->count / 2 : (from->count + 1) / 2;
    struct lgi_task *first = from->first, **end = &from->first;
    for (unsigned i = 0; i < count; i++)
        end = &(*end)->next;
    if (count > 0) {
        from->first = *end;
        *end = NULL;
    }
    lgi_run_queue_set_count(from, from->count - count);
    __atomic_store_n(&from->taken, lgi_run_queue_taken(from) + count, __ATOMIC_RELAXED);
    lgi_unlock(&from->lock);
    if (count == 0)
        return;
    lgi_lock(&to->lock);
    *(to->first ? to->end : &to->first) = first;
    to->end = end;
    lgi_run_queue_set_count(to, to->count + count);
    lgi_unlock(&to->lock);
}

#endif
