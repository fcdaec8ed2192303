/* A lock for a few instructions: the lists of one object. Nothing is called under it that waits, allocates or
 * panics, so a holder is away only if the kernel took its processor. */
#ifndef LGI_SCHED_LOCK_H
#define LGI_SCHED_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "error/ordering.h"

#define LGI_LOCK_FREE 0U
#define LGI_LOCK_HELD 1U
/* Any other value: free, and biased to a worker (bias.h). */

/* The caller has just put LGI_LOCK_HELD there, in the place of `old`. */
void lgi_lock_slow(uint32_t *lock, uint32_t old);

static inline void lgi_lock(uint32_t *lock)
{
    uint32_t old = __atomic_exchange_n(lock, LGI_LOCK_HELD, __ATOMIC_ACQUIRE);
    if (__builtin_expect(old != LGI_LOCK_FREE, 0))
        lgi_lock_slow(lock, old);
    lgi_acquired(lock);
}

static inline void lgi_unlock(uint32_t *lock)
{
    lgi_releases(lock);
    __atomic_store_n(lock, LGI_LOCK_FREE, __ATOMIC_RELEASE);
}

/* In a loop that waits for a thread that holds such a lock: the `attempt`th time, from 0. Spins, then lets others run; in the
 * end sleeps, so that a holder of lower priority gets its turn. */
void lgi_back_off(unsigned attempt);

/* For a loop that waits for another processor. */
static inline void lgi_pause(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

#endif
