/* Queues of goroutines that have not started, first come, first served. Any thread may put and take.
 *
 * A worker's own queue is used by its worker nearly always, so its lock is biased to the worker (bias.h) while no other
 * thread comes. */
#ifndef LGI_SCHED_RUN_QUEUE_H
#define LGI_SCHED_RUN_QUEUE_H

#include "sched/bias.h"
#include "sched/goroutine.h"

struct lgi_run_queue {
    struct lgi_task *first, **end; /* end NULL: nothing was ever put in */
    unsigned count;                /* these two are written under the lock, atomically */
    unsigned taken;                /* how many ever: the watcher sees whether there is progress */
    uint32_t lock;
    unsigned
        streak; /* how often its worker has come since another thread did, as far as that is counted */
};

static inline unsigned lgi_run_queue_count(const struct lgi_run_queue *starts)
{
    return __atomic_load_n(&starts->count, __ATOMIC_RELAXED);
}

static inline unsigned lgi_run_queue_taken(const struct lgi_run_queue *starts)
{
    return __atomic_load_n(&starts->taken, __ATOMIC_RELAXED);
}

/* ---- under the lock ---- */

static inline void lgi_run_queue_set_count(struct lgi_run_queue *starts, unsigned count)
{
    __atomic_store_n(&starts->count, count, __ATOMIC_RELAXED);
}

static inline void lgi_run_queue_note_taken(struct lgi_run_queue *starts, unsigned count)
{
    lgi_run_queue_set_count(starts, starts->count - count);
    __atomic_store_n(&starts->taken, starts->taken + count, __ATOMIC_RELAXED);
}

/* Adds a list, of which `*end` is the end. */
static inline void lgi_run_queue_append(struct lgi_run_queue *starts, struct lgi_task *first,
                                        struct lgi_task **end, unsigned count)
{
    *end = NULL;
    *(starts->first ? starts->end : &starts->first) = first;
    starts->end = end;
    lgi_run_queue_set_count(starts, starts->count + count);
}

/* NULL if there is none. */
static inline struct lgi_task *lgi_run_queue_remove_first(struct lgi_run_queue *starts)
{
    struct lgi_task *start = starts->first;
    if (start) {
        starts->first = start->next;
        lgi_run_queue_note_taken(starts, 1);
    }
    return start;
}

/* ---- by any thread ---- */

static inline void lgi_run_queue_lock(struct lgi_run_queue *starts)
{
    lgi_lock(&starts->lock);
    starts->streak = 0;
}

static inline void lgi_run_queue_put(struct lgi_run_queue *starts, struct lgi_task *start)
{
    lgi_run_queue_lock(starts);
    lgi_run_queue_append(starts, start, &start->next, 1);
    lgi_unlock(&starts->lock);
}

/* NULL if there is none. */
static inline struct lgi_task *lgi_run_queue_take(struct lgi_run_queue *starts)
{
    if (lgi_run_queue_count(starts) == 0)
        return NULL;
    lgi_run_queue_lock(starts);
    struct lgi_task *start = lgi_run_queue_remove_first(starts);
    lgi_unlock(&starts->lock);
    return start;
}

/* Takes the goroutine of this number out. `start` may have been freed, and used again: then it has another number. */
static inline bool lgi_run_queue_remove(struct lgi_run_queue *starts, const struct lgi_task *start,
                                        uint64_t id)
{
    if (lgi_run_queue_count(starts) == 0)
        return false;
    lgi_run_queue_lock(starts);
    struct lgi_task **at = &starts->first;
    while (*at && *at != start)
        at = &(*at)->next;
    bool found = *at && (*at)->id == id;
    if (found) {
        *at = start->next;
        if (starts->end == &start->next)
            starts->end = at;
        lgi_run_queue_note_taken(starts, 1);
    }
    lgi_unlock(&starts->lock);
    return found;
}

/* ---- by the worker whose queue it is ---- */

enum { LGI_RUN_QUEUE_BIAS_AFTER = 256 };

/* The lock's holder, which has just counted this time too, lets it go: with a bias, if no other thread came for long. */
static inline void lgi_run_queue_unlock_own(struct lgi_run_queue *starts)
{
    uint32_t free = LGI_LOCK_FREE;
    if (lgi_my_tag != LGI_NO_TAG && ++starts->streak >= LGI_RUN_QUEUE_BIAS_AFTER)
        free = lgi_my_tag;
    lgi_releases(&starts->lock);
    __atomic_store_n(&starts->lock, free, __ATOMIC_RELEASE);
}

/* Returns whether the bias was enough: for the second. */
static inline bool lgi_run_queue_enter(struct lgi_run_queue *starts)
{
    if (lgi_bias_enter(&starts->lock))
        return true;
    lgi_lock(&starts->lock);
    return false;
}

static inline void lgi_run_queue_leave(struct lgi_run_queue *starts, bool by_bias)
{
    if (by_bias)
        lgi_bias_leave();
    else
        lgi_run_queue_unlock_own(starts);
}

static inline void lgi_run_queue_put_own(struct lgi_run_queue *starts, struct lgi_task *start)
{
    bool by_bias = lgi_run_queue_enter(starts);
    lgi_run_queue_append(starts, start, &start->next, 1);
    lgi_run_queue_leave(starts, by_bias);
}

/* Puts the goroutine before all others. */
static inline void lgi_run_queue_put_back(struct lgi_run_queue *starts, struct lgi_task *start)
{
    bool by_bias = lgi_run_queue_enter(starts);
    start->next = starts->first;
    if (!starts->first)
        starts->end = &start->next;
    starts->first = start;
    lgi_run_queue_set_count(starts, starts->count + 1);
    lgi_run_queue_leave(starts, by_bias);
}

/* NULL if there is none. */
static inline struct lgi_task *lgi_run_queue_take_own(struct lgi_run_queue *starts)
{
    if (lgi_run_queue_count(starts) == 0)
        return NULL;
    bool by_bias = lgi_run_queue_enter(starts);
    struct lgi_task *start = lgi_run_queue_remove_first(starts);
    lgi_run_queue_leave(starts, by_bias);
    return start;
}

/* Moves the older half, rounded up, from another queue to the caller's own. */
static inline void lgi_run_queue_steal(struct lgi_run_queue *from, struct lgi_run_queue *to)
{
    lgi_run_queue_lock(from);
    unsigned count = (from->count + 1) / 2;
    struct lgi_task *first = from->first, **end = &from->first;
    for (unsigned i = 0; i < count; i++)
        end = &(*end)->next;
    from->first = *end;
    lgi_run_queue_note_taken(from, count);
    lgi_unlock(&from->lock);
    if (count == 0)
        return;
    bool by_bias = lgi_run_queue_enter(to);
    lgi_run_queue_append(to, first, end, count);
    lgi_run_queue_leave(to, by_bias);
}

#endif
