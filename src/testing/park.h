/* What the tests of waiting share: a thing to wait for. */
#ifndef LGI_TESTING_PARK_H
#define LGI_TESTING_PARK_H

#include "testing/sched.h"

struct thing {
    uint32_t lock;
    unsigned tokens;
    struct lgi_waiters waiters;
};

__attribute__((unused)) static lg_error *thing_wait(struct thing *thing, lg_until until)
{
    struct lgi_g *g = lgi_self();
    struct lgi_waiter waiter = {.g = g};
    lgi_lock(&thing->lock);
    if (thing->tokens > 0) {
        thing->tokens--;
        lgi_unlock(&thing->lock);
        return NULL;
    }
    lgi_wait_begin(g, "thing");
    lgi_waiters_push(&thing->waiters, &waiter);
    lgi_unlock(&thing->lock);
    uint32_t claim = lgi_park(g, until);
    if (claim == LGI_READY)
        return NULL;
    ck_assert_uint_lt(claim, LGI_READY);
    lgi_lock(&thing->lock);
    lgi_waiters_remove(&thing->waiters, &waiter);
    lgi_unlock(&thing->lock);
    return lgi_wait_failed(claim, until);
}

__attribute__((unused)) static void thing_signal(struct thing *thing)
{
    lgi_lock(&thing->lock);
    struct lgi_waiter *waiter = lgi_waiters_claim(&thing->waiters, 0);
    if (!waiter)
        thing->tokens++;
    lgi_unlock(&thing->lock);
    if (waiter)
        lgi_unpark(waiter->g);
}

__attribute__((unused)) static atomic_int ended, waiting;

__attribute__((unused)) static void wait_once(struct thing *thing)
{
    add_one(&waiting);
    ck_assert_ptr_null(thing_wait(thing, lg_until_forever()));
    add_one(&ended);
}

__attribute__((unused)) static unsigned tokens_of(struct thing *thing)
{
    lgi_lock(&thing->lock);
    unsigned tokens = thing->tokens;
    lgi_unlock(&thing->lock);
    return tokens;
}

#endif
