/* A lock that is one bit of an object's state. While a thread holds it, no other thread changes the state: whoever unlocks
 * stores the next state. */
#ifndef LGI_SCHED_STATE_LOCK_H
#define LGI_SCHED_STATE_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "sched/lock.h"

#define LGI_STATE_LOCKED ((int64_t)2)

/* The state, at a moment when nobody holds the lock. */
static inline int64_t lgi_state_unlocked(const int64_t *at)
{
    int64_t state;
    for (unsigned i = 0; (state = __atomic_load_n(at, __ATOMIC_ACQUIRE)) & LGI_STATE_LOCKED; i++)
        lgi_back_off(i);
    return state;
}

/* False: the state is no longer what the caller has seen. */
static inline bool lgi_state_change(int64_t *at, int64_t seen, int64_t to)
{
    lgi_releases(at);
    bool changed = __atomic_compare_exchange_n(at, &seen, to, false, __ATOMIC_ACQ_REL,
                                               __ATOMIC_ACQUIRE);
    if (changed)
        lgi_acquired(at);
    return changed;
}

/* Returns the state without the bit. */
static inline int64_t lgi_state_lock(int64_t *at)
{
    int64_t state;
    do
        state = lgi_state_unlocked(at);
    while (!lgi_state_change(at, state, state | LGI_STATE_LOCKED));
    return state;
}

static inline void lgi_state_unlock(int64_t *at, int64_t next)
{
    lgi_releases(at);
    __atomic_store_n(at, next, __ATOMIC_RELEASE);
}

#endif
