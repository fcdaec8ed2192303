#include "sched/lock.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>

#include "defer/hooks.h"
#include "error/keep_errno.h"
#include "sched/bias.h"
#include "sched/futex.h"
#include "sched/runtime.h"

struct lgi_lock_process lgi_lock_process = {.held = 1};

enum { FIRST_OF_CHILDREN = 0x40000001 }; /* more than any tag */

static void renew_value(void)
{
    uint32_t held = lgi_lock_process.held;
    lgi_lock_process.held = held < FIRST_OF_CHILDREN ? FIRST_OF_CHILDREN : held + 2;
}

__attribute__((constructor)) static void renew_value_at_fork(void)
{
    pthread_atfork(NULL, NULL, renew_value);
}

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
        lgi_nap(50 * LG_MICROSECOND);
}

static uint32_t take(uint32_t *lock)
{
    uint32_t old;
    for (unsigned i = 0; (old = try_to_take(lock)) == LGI_LOCK_HELD; i++)
        lgi_back_off(i);
    return old;
}

void lgi_refuse_change_of_parent(void)
{
    lgi_fatal(NULL, "in a child after fork: another thread of the parent was changing an object at "
                    "the fork, and the child uses the object: the child must call exec or _exit");
}

void lgi_lock_slow(uint32_t *lock, uint32_t old)
{
    if (old == LGI_LOCK_HELD)
        old = take(lock);
    if (old % 2 != 0)
        lgi_refuse_change_of_parent();
    if (old != LGI_LOCK_FREE)
        lgi_bias_wait(lock, old);
}

bool lgi_lock_lists_slow(uint32_t *lock, uint32_t old)
{
    if (old == LGI_LOCK_HELD)
        old = take(lock);
    return old != lgi_lock_free_value();
}

static bool is_tag(uint32_t word)
{
    return word % 2 == 0 && word != LGI_LOCK_FREE && word < FIRST_OF_CHILDREN - 1;
}

bool lgi_lock_whole_slow(uint32_t *lock, uint32_t old)
{
    if (old == LGI_LOCK_HELD)
        old = take(lock);
    bool of_parent = is_tag(old) ? lgi_forked : old != lgi_lock_free_value();
    if (old % 2 != 0 || (of_parent && is_tag(old) && lgi_bias_was_inside(lock, old)))
        lgi_refuse_change_of_parent();
    if (is_tag(old) && !of_parent)
        lgi_bias_wait(lock, old);
    return of_parent;
}
