/* The goroutines of a worker that may go on: a queue that only the worker touches, and an inbox that other threads fill. */
#ifndef LGI_SCHED_READY_H
#define LGI_SCHED_READY_H

#include "sched/worker.h"

static inline void lgi_ready_push(struct lgi_worker *w, struct lgi_g *g)
{
    g->next = NULL;
    *w->ready_end = g;
    w->ready_end = &g->next;
    g->state = LGI_G_RUNNABLE;
}

/* NULL: the queue is empty. */
static inline struct lgi_g *lgi_ready_pop(struct lgi_worker *w)
{
    struct lgi_g *g = w->ready;
    if (!g)
        return NULL;
    struct lgi_g *next = w->ready = g->next;
    if (!next) {
        w->ready_end = &w->ready;
    } else {
        /* If many wake at once, their records have long left the cache. */
        __builtin_prefetch(next->sp);
        __builtin_prefetch(next->next);
    }
    return g;
}

static inline bool lgi_inbox_is_empty(struct lgi_worker *w)
{
    return atomic_load_explicit(&w->inbox, memory_order_relaxed) == NULL;
}

/* Moves all goroutines of the inbox to the queue, the one that came first first. */
void lgi_inbox_empty(struct lgi_worker *w);

#endif
