/* The stacks of a worker's goroutines: making a goroutine on a stack, and keeping the stacks of those that have ended. */
#ifndef LGI_SCHED_FIBER_H
#define LGI_SCHED_FIBER_H

#include "sched/identity.h"
#include "sched/worker.h"

struct lgi_g *lgi_g_of_stack(void *high);

/* The identity of the next goroutine on this stack; 0: the stack has had its last. */
static inline uint64_t lgi_stack_next_identity(uintptr_t high)
{
    struct lgi_stack_end *end = (struct lgi_stack_end *)high - 1;
    uint64_t next = lgi_identity_next(end->identity);
    if (next != 0)
        end->identity = next;
    return next;
}

/* A goroutine for the task, on a stack on which the first switch calls entry(g). NULL: out of memory. */
struct lgi_g *lgi_fiber_new(struct lgi_worker *w, struct lgi_task *task, void (*entry)(void *g));

/* Is there a stack of this class for the next goroutine? */
bool lgi_fiber_possible(struct lgi_worker *w, unsigned stack_class);

/* Keeps the stack of w->dead, the goroutine that was left for good. Giving the memory of a stack back takes longer than all
 * else; so the worker does that when it has nothing to run, or now and then if it keeps too many stacks. */
void lgi_fiber_bury(struct lgi_worker *w);

/* Gives back the memory of a few stacks, if the worker keeps too many; false: it does not. */
bool lgi_fibers_give_back(struct lgi_worker *w);

#endif
