#include <lifoguard/mutex.h>
#include <lifoguard/panic.h>

#include "sched/park.h"

static void lock_list(lg_cond *cond)
{
    if (lgi_lock_lists(&cond->lgi_lock))
        lgi_waiters_forget(&cond->lgi_waiters);
}

/* After each change of the list of waiters: whether a signal has somebody to wake. */
static void note_whether_waiting(lg_cond *cond)
{
    __atomic_store_n(&cond->lgi_waiting, !lgi_waiters_empty(&cond->lgi_waiters), __ATOMIC_RELAXED);
}

static void queue(lg_cond *cond, struct lgi_waiter *waiter)
{
    lock_list(cond);
    lgi_wait_begin(waiter->g, "condition");
    lgi_waiters_push(&cond->lgi_waiters, waiter);
    note_whether_waiting(cond);
    lgi_unlock_lists(&cond->lgi_lock);
}

static void leave(lg_cond *cond, struct lgi_waiter *waiter)
{
    lock_list(cond);
    lgi_waiters_remove(&cond->lgi_waiters, waiter);
    note_whether_waiting(cond);
    lgi_unlock_lists(&cond->lgi_lock);
}

static lg_error *wait(lg_cond *cond, lg_mutex *mutex, lg_until until)
{
    if (!lg_mutex_is_owned(mutex))
        lg_panic("wait for a condition without its mutex: lock that first");
    struct lgi_waiter waiter = {.g = lgi_self()};
    queue(cond, &waiter);
    lgi_releases(
        &mutex
             ->lgi_word); /* the inline function, from here, is not part of an instrumented program */
    lg_mutex_unlock(mutex);
    uint32_t claim = lgi_park(waiter.g, until);
    if (claim < LGI_READY)
        leave(cond, &waiter);
    lg_mutex_relock(mutex);
    return claim < LGI_READY ? lgi_wait_failed(claim, until) : NULL;
}

void lg_cond_wait(lg_cond *cond, lg_mutex *mutex)
{
    (void)wait(cond, mutex, lg_until_forever());
}

lg_error *lg_cond_wait_until(lg_cond *cond, lg_mutex *mutex, lg_until until)
{
    return wait(cond, mutex, until);
}

static void wake(lg_cond *cond, bool all)
{
    struct lgi_woken woken = {0};
    struct lgi_waiter *waiter;
    /* Whoever changed something under the mutex sees here all who waited for that. */
    if (!__atomic_load_n(&cond->lgi_waiting, __ATOMIC_RELAXED))
        return;
    lock_list(cond);
    if (all)
        lgi_waiters_claim_all(&cond->lgi_waiters, 0, &woken);
    else if ((waiter = lgi_waiters_claim(&cond->lgi_waiters, 0)))
        lgi_woken_add(&woken, waiter);
    note_whether_waiting(cond);
    lgi_unlock_lists(&cond->lgi_lock);
    lgi_unpark_all(&woken);
}

void lg_cond_signal(lg_cond *cond)
{
    wake(cond, false);
}

void lg_cond_broadcast(lg_cond *cond)
{
    wake(cond, true);
}
