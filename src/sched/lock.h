/* A lock for a few instructions: the lists of one object. Nothing is called under it that waits, allocates or
 * panics, so a holder is away only if the kernel took its processor. */
#ifndef LGI_SCHED_LOCK_H
#define LGI_SCHED_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "error/ordering.h"

#define LGI_LOCK_FREE 0U
/* An odd value: held. Another even one: free, and biased to a worker (bias.h). */

/* A held lock has this value; each forked child has another one than its parent. So a lock that a thread of the parent held at
 * the fork, and that nobody will ever unlock in the child, is known by its value. Values of children are no worker's tag. */
#define LGI_LOCK_HELD lgi_lock_process.held
extern struct lgi_lock_process {
    _Alignas(
        64) uint32_t held; /* written in a child only: nothing else shares its line of the cache */
} lgi_lock_process;

/* The caller has just put LGI_LOCK_HELD there, in the place of `old`. In a child, ends the process if the lock was held by a
 * thread of the parent. */
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

/* ---- locks that a child goes on using ---- */

/* What such a lock holds when it is free, and biased to nobody. (In the first process, LGI_LOCK_FREE.) */
static inline uint32_t lgi_lock_free_value(void)
{
    return LGI_LOCK_HELD - 1;
}

/* Takes the lock, and returns what `slow` does in all but the usual case. (The process's value is read once, not again after the
 * exchange.) */
static inline __attribute__((always_inline)) bool
lgi_lock_by(uint32_t *lock, bool (*slow)(uint32_t *lock, uint32_t old))
{
    uint32_t held = LGI_LOCK_HELD, old = __atomic_exchange_n(lock, held, __ATOMIC_ACQUIRE);
    bool first = __builtin_expect(old != held - 1, 0) && slow(lock, old);
    lgi_acquired(lock);
    return first;
}

/* For the lock of an object that a child goes on using: one that its parent used before is locked and unlocked by these two
 * alone. True: since the fork, the caller is the first here. Then those in the object's lists have stayed in the parent, and
 * their memory may be used for something else: the caller empties the lists unread. A thread of the parent may have been
 * changing the lists at the fork. */
bool lgi_lock_lists_slow(uint32_t *lock, uint32_t old);

static inline bool lgi_lock_lists(uint32_t *lock)
{
    return lgi_lock_by(lock, lgi_lock_lists_slow);
}

/* The same for an object that is more than its lists: if a thread of the parent held the lock, the object may be in the midst of
 * a change, and the process ends. The lock may be biased; after the first call in a child, the parent's bias is gone. (Such a
 * lock, too, is taken and released by functions of these alone: after lgi_unlock, a child would seem to be the first again.) */
bool lgi_lock_whole_slow(uint32_t *lock, uint32_t old);

static inline bool lgi_lock_whole(uint32_t *lock)
{
    return lgi_lock_by(lock, lgi_lock_whole_slow);
}

static inline void lgi_unlock_lists(uint32_t *lock)
{
    lgi_releases(lock);
    __atomic_store_n(lock, lgi_lock_free_value(), __ATOMIC_RELEASE);
}

/* In a child: the process ends, because a thread of the parent was in the midst of a change at the fork. */
void lgi_refuse_change_of_parent(void) __attribute__((noreturn, cold));

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
