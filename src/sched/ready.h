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

/* If many wake at once, their records and stacks have long left the cache. Each `ret` up to the program's own function would
 * wait for memory, one after the other. (Always inline: gcc 12 removes calls of a function that only prefetches.) */
static inline __attribute__((always_inline)) void lgi_ready_prefetch(const struct lgi_g *g)
{
    enum { LINE = 64, LINES = 8 };
    const struct lgi_g *next = g->next;
    __builtin_prefetch(g->sp);
    __builtin_prefetch(next);
    if (!next)
        return;
    for (unsigned i = 1; i < LINES; i++)
        __builtin_prefetch((const char *)g->sp + (size_t)i * LINE);
    __builtin_prefetch(g->start);
    __builtin_prefetch(&next->identity);
}

/* NULL: the queue is empty. */
static inline struct lgi_g *lgi_ready_pop(struct lgi_worker *w)
{
    struct lgi_g *g = w->ready;
    if (!g)
        return NULL;
    struct lgi_g *next = w->ready = g->next;
    if (next)
        lgi_ready_prefetch(next);
    else
        w->ready_end = &w->ready;
    return g;
}

static inline bool lgi_inbox_is_empty(struct lgi_worker *w)
{
    return atomic_load_explicit(&w->inbox, memory_order_relaxed) == NULL;
}

/* Moves all goroutines of the inbox to the queue, the one that came first first. */
void lgi_inbox_empty(struct lgi_worker *w);

#endif
