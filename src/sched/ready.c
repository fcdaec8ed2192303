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

void lgi_worker_ready(struct lgi_g *g)
{
    struct lgi_worker *w = g->worker;
    if (w == lgi_worker) {
        lgi_ready_push(w, g);
        return;
    }
    struct lgi_g *head = atomic_load_explicit(&w->inbox, memory_order_relaxed);
    do
        g->next = head;
    while (!atomic_compare_exchange_weak(&w->inbox, &head, g));
    lgi_worker_wake(w);
}

/* Takes the list out of the inbox, whose first is the goroutine that came last, and turns it round. */
static struct lgi_g *take_in_order(struct lgi_worker *w)
{
    struct lgi_g *g = atomic_exchange_explicit(&w->inbox, NULL, memory_order_acquire);
    struct lgi_g *oldest = NULL;
    while (g) {
        struct lgi_g *next = g->next;
        g->next = oldest;
        oldest = g;
        g = next;
    }
    return oldest;
}

void lgi_inbox_empty(struct lgi_worker *w)
{
    struct lgi_g *g = take_in_order(w);
    while (g) {
        struct lgi_g *next = g->next;
        lgi_ready_push(w, g);
        g = next;
    }
}
