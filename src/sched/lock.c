#include "sched/lock.h"

#include <errno.h>
#include <sched.h>
#include <time.h>

#include "error/keep_errno.h"
#include "sched/bias.h"

/* What was there before an attempt to take the lock; LGI_LOCK_HELD: it is not taken. */
static uint32_t try_to_take(uint32_t *lock)
{
    if (__atomic_load_n(lock, __ATOMIC_RELAXED) == LGI_LOCK_HELD)
        return LGI_LOCK_HELD;
    return __atomic_exchange_n(lock, LGI_LOCK_HELD, __ATOMIC_ACQUIRE);
}

void lgi_back_off(unsigned attempt)
{
    enum { SPINS = 100, YIELDS = 50 };
    LGI_KEEP_ERRNO;
    if (attempt < SPINS)
        lgi_pause();
    else if (attempt < SPINS + YIELDS)
        sched_yield();
    else
        nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
}

static uint32_t take(uint32_t *lock)
{
    uint32_t old;
    for (unsigned i = 0; (old = try_to_take(lock)) == LGI_LOCK_HELD; i++)
        lgi_back_off(i);
    return old;
}

void lgi_lock_slow(uint32_t *lock, uint32_t old)
{
    if (old == LGI_LOCK_HELD)
        old = take(lock);
    if (old != LGI_LOCK_FREE)
        lgi_bias_wait(lock, old);
}
