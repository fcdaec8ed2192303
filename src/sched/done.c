/* Things that happen once: what an lg_until can wait for besides its deadline. */
#include "defer/fork.h"
#include "error/ordering.h"
#include "sched/park.h"

void lgi_done_begin_set(struct lgi_done *done, lg_error *error, struct lgi_woken *woken)
{
    struct lgi_waiter *waiter;
    done->error = error;
    lgi_releases(&done->happened);
    __atomic_store_n(&done->happened, lgi_forks + 1, __ATOMIC_RELEASE);
    while ((waiter = done->waiters.first)) {
        lgi_waiters_remove(&done->waiters, waiter);
        if (lgi_claim(waiter->g, waiter->index))
            lgi_woken_add(woken, waiter);
    }
}

bool lgi_done_set(struct lgi_done *done, lg_error *error)
{
    struct lgi_woken woken = {0};
    lgi_done_lock(done);
    bool first = !done->happened;
    if (first)
        lgi_done_begin_set(done, error, &woken);
    lgi_done_unlock(done);
    lgi_unpark_all(&woken);
    return first;
}

bool lgi_done_watch(struct lgi_done *done, struct lgi_waiter *waiter)
{
    waiter->queued = waiter->watches = false;
    if (lgi_done_happened(done))
        return false;
    lgi_done_lock(done);
    if (!done->happened) {
        lgi_waiters_push(&done->waiters, waiter);
        waiter->watches = true;
        if (done->release)
            __atomic_fetch_add(&done->holders, 1, __ATOMIC_RELAXED);
    }
    lgi_done_unlock(done);
    return waiter->watches;
}

void lgi_done_unwatch(struct lgi_done *done, struct lgi_waiter *waiter)
{
    if (!waiter->watches)
        return;
    lgi_done_lock(done);
    lgi_waiters_remove(&done->waiters, waiter);
    lgi_done_unlock(done);
    if (done->release)
        done->release(done);
}
