#include "sched/ready.h"

#include "sched/futex.h"
#include "sched/hooks.h"

void lgi_worker_wake(struct lgi_worker *w)
{
    if (w == lgi_worker || atomic_load(&w->state) == LGI_W_AWAKE)
        return;
    uint32_t how = atomic_exchange(&w->state, LGI_W_AWAKE);
    if (how == LGI_W_ON_FUTEX)
        lgi_futex_wake(&w->state, 1);
    else if (how == LGI_W_ON_EPOLL)
        lgi_sched_hooks.poll_wake(w);
}

void lgi_worker_wake_for_queue(struct lgi_worker *w)
{
    /* (Not a mere load, which might come before what the caller has stored.) */
    if (atomic_fetch_or(&w->state, 0) != LGI_W_AWAKE)
        lgi_worker_wake(w);
}

void lgi_worker_nudge(struct lgi_worker *w)
{
    atomic_store(&w->nudged, true);
    lgi_worker_wake(w);
}

/* A list, of which the oldest goroutine is the last. */
static void put_into_inbox(struct lgi_worker *w, struct lgi_g *newest, struct lgi_g *oldest)
{
    struct lgi_g *head = atomic_load_explicit(&w->inbox, memory_order_relaxed);
    do
        oldest->next = head;
    while (!atomic_compare_exchange_weak(&w->inbox, &head, newest));
    lgi_worker_wake(w);
}

void lgi_worker_ready(struct lgi_g *g)
{
    struct lgi_worker *w = g->worker;
    if (w == lgi_worker)
        lgi_ready_push(w, g);
    else
        put_into_inbox(w, g, g);
}

void lgi_readying_end(struct lgi_readying *readying)
{
    if (readying->count > 0)
        put_into_inbox(readying->worker, readying->newest, readying->oldest);
    readying->count = 0;
}

void lgi_readying_add(struct lgi_readying *readying, struct lgi_g *g)
{
    enum { AT_ONCE = 32 };
    struct lgi_worker *w = g->worker;
    if (w == lgi_worker) {
        lgi_ready_push(w, g);
        return;
    }
    if (readying->worker != w || readying->count == AT_ONCE)
        lgi_readying_end(readying);
    readying->worker = w;
    if (readying->count++ > 0)
        g->next = readying->newest;
    else
        readying->oldest = g;
    readying->newest = g;
}

/* The inbox has the goroutine that came last first. Each is touched once: if many wake at once, none is in the cache. */
void lgi_inbox_empty(struct lgi_worker *w)
{
    struct lgi_g *g = atomic_exchange_explicit(&w->inbox, NULL, memory_order_acquire);
    struct lgi_g *newest = g, *oldest = NULL;
    while (g) {
        struct lgi_g *next = g->next;
        g->next = oldest;
        g->state = LGI_G_RUNNABLE;
        oldest = g;
        g = next;
    }
    if (newest) {
        *w->ready_end = oldest;
        w->ready_end = &newest->next;
    }
}
