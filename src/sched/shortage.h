/* Workers that had no memory for the stack of a goroutine that is to begin. The goroutine stays in the queue. The worker
 * tries again when another goroutine has ended, when another worker has given back stacks, and after some time. */
#ifndef LGI_SCHED_SHORTAGE_H
#define LGI_SCHED_SHORTAGE_H

#include "sched/runtime.h"

extern unsigned lgi_short_workers; /* how many are short of memory; atomic */

static inline bool lgi_is_short(const struct lgi_worker *w)
{
    return __atomic_load_n(&w->short_of_memory, __ATOMIC_RELAXED);
}

static inline bool lgi_some_are_short(void)
{
    return __atomic_load_n(&lgi_short_workers, __ATOMIC_RELAXED) > 0;
}

void lgi_change_short(struct lgi_worker *w, bool is_short);
static inline void lgi_set_short(struct lgi_worker *w, bool is_short)
{
    if (__builtin_expect(lgi_is_short(w) != is_short, 0))
        lgi_change_short(w, is_short);
}

/* There was no memory for the stack of this goroutine: it stays the first of the queue. */
void lgi_put_off(struct lgi_worker *w, struct lgi_task *task);

/* Memory was given back: wakes the workers that are short of memory. */
void lgi_wake_short_workers(void);

/* Is the worker short of memory, and is there memory now for a goroutine that waits to begin? Then this goroutine is the
 * first of the queue, and the others keep their order. */
bool lgi_shortage_is_over(struct lgi_worker *w);

#endif
