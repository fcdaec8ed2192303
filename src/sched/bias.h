/* Locks that one worker takes nearly always. An atomic read-modify-write takes longer than all else that is done under the lock of a
 * channel; so such a lock can be *biased* to a worker: while it is free, its word holds the worker's tag, and the worker
 * takes it by two plain stores.
 *
 *     the worker                              any other thread
 *     inside = lock                           old = exchange(word, held)
 *     if the word is my tag:                  if old was a worker's tag:
 *         … holds the lock …                      membarrier
 *     inside = NULL                               wait until that worker's inside != lock
 *                                             … holds the lock as usual …
 *
 * The worker stores `inside` and then reads the word; the other changes the word and then reads `inside`. Without a barrier
 * in between, both could miss what the other stored. The barrier is the other's: membarrier(2) makes each running thread
 * of the process execute one. So either the worker's read comes after it, and sees the change, or the worker's
 * store of `inside` came before it, and is seen.
 *
 * The worker runs nothing else while it is inside. lgi_lock on such a word does what the right column says, so that code
 * which knows nothing of bias may take the lock; lgi_unlock leaves it without one. */
#ifndef LGI_SCHED_BIAS_H
#define LGI_SCHED_BIAS_H

#include <stdbool.h>
#include <stdint.h>

#include "sched/lock.h"

struct lgi_worker;

/* A worker's is even and not 0. LGI_NO_TAG: the thread is no worker, or the kernel has no such barrier. */
#define LGI_NO_TAG UINT32_MAX
extern __thread uint32_t lgi_my_tag __attribute__((tls_model("initial-exec")));
extern __thread uint32_t *lgi_inside __attribute__((tls_model("initial-exec")));

/* Before the first worker is made. */
void lgi_bias_begin(void);

/* On each worker's thread. */
void lgi_bias_worker_begin(struct lgi_worker *worker);

/* In a forked child, before it has other threads: from now on no thread takes a lock by a bias. Of the workers only the one
 * that has forked is there, if one has. */
void lgi_bias_forked(void);

/* The caller has just put LGI_LOCK_HELD in the place of a worker's tag: it holds the lock when this returns. */
void lgi_bias_wait(const uint32_t *lock, uint32_t tag) __attribute__((cold));

/* In a forked child: was the parent's worker with this tag inside of the lock at the fork? */
bool lgi_bias_was_inside(const uint32_t *lock, uint32_t tag) __attribute__((cold));

/* Takes the lock, if it is biased to the caller's worker and free. */
static inline bool lgi_bias_enter(uint32_t *lock)
{
    __atomic_store_n(&lgi_inside, lock, __ATOMIC_RELAXED);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    if (__builtin_expect(__atomic_load_n(lock, __ATOMIC_ACQUIRE) == lgi_my_tag, 1))
        return true;
    __atomic_store_n(&lgi_inside, (uint32_t *)0, __ATOMIC_RELEASE);
    return false;
}

static inline bool lgi_bias_is_inside(const uint32_t *lock)
{
    return lgi_inside == lock;
}

static inline void lgi_bias_leave(void)
{
    __atomic_store_n(&lgi_inside, (uint32_t *)0, __ATOMIC_RELEASE);
}

#endif
