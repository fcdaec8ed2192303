/* A mutex that one worker uses nearly always is biased to the worker, which then locks and unlocks the mutex by plain stores:
 * sched/bias.h has the protocol. While the mutex is biased, its word has the bit LGI_BIASED: alone if the mutex is free, else beside
 * the owner's identity. Only the worker changes a word that has this bit, and only after lgi_mutex_enter_bias. Every other
 * thread ends the bias first. So does the worker when a goroutine has to wait for the mutex.
 *
 * lgi_bias has three fields, from the lowest bit: the worker's tag, 16 bits, which is even, plus 1 while the mutex is biased; the
 * number of unlocks in a row on that worker; how often another worker or thread came in between. All zero: the mutex was not
 * used yet. LGI_MUTEX_SETTLED: the mutex is never biased again, and the inline functions of the header lock and unlock it without a
 * call. If the mutex is not biased, only its owner changes lgi_bias; a bias is ended under the lock of the list of waiters. */
#ifndef LGI_SYNC_MUTEX_BIAS_H
#define LGI_SYNC_MUTEX_BIAS_H

#include <lifoguard/mutex.h>

#include "sched/bias.h"
#include "sched/identity.h"
#include "sched/runtime.h"

#define LGI_BIASED LGI_IDENTITY_HIGH_FLAG

enum {
    LGI_BIAS_TAG = 0xffff,
    LGI_BIAS_UNLOCK = 1 << 16,
    LGI_BIAS_UNLOCKS = 0xfff << 16,
    LGI_BIAS_AFTER = 256 << 16,
    LGI_BIAS_OTHER_SHIFT = 28,
    LGI_BIAS_OTHERS_MOST = 15,
    LGI_BIAS_OTHERS_OF_AN_END = 4, /* so many count as one bias that was ended */
};

static inline uint32_t lgi_mutex_bias(const lg_mutex *mutex)
{
    return __atomic_load_n(&mutex->lgi_bias, __ATOMIC_RELAXED);
}

static inline void lgi_mutex_set_bias(lg_mutex *mutex, uint32_t bias)
{
    __atomic_store_n(&mutex->lgi_bias, bias, __ATOMIC_RELAXED);
}

/* ---- by the worker ---- */

/* (LGI_NO_TAG has more bits.) */
static inline bool lgi_mutex_is_biased_here(const lg_mutex *mutex)
{
    return (lgi_mutex_bias(mutex) & LGI_BIAS_TAG) == (lgi_my_tag | 1);
}

/* True: from now on, until lgi_bias_leave, nobody else changes a word that has LGI_BIASED. */
static inline bool lgi_mutex_enter_bias(lg_mutex *mutex)
{
    __atomic_store_n(&lgi_inside, &mutex->lgi_bias, __ATOMIC_RELAXED);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    if (__builtin_expect(lgi_mutex_is_biased_here(mutex), 1))
        return true;
    lgi_bias_leave();
    return false;
}

/* These two return whether they did it. After the second, the mutex may be gone. */
static inline bool lgi_mutex_lock_by_bias(lg_mutex *mutex)
{
    if (!lgi_mutex_enter_bias(mutex))
        return false;
    bool is_free = __atomic_load_n(&mutex->lgi_word, __ATOMIC_RELAXED) == LGI_BIASED;
    if (is_free)
        __atomic_store_n(&mutex->lgi_word, LGI_BIASED | lgi_identity, __ATOMIC_RELAXED);
    lgi_bias_leave();
    return is_free;
}

static inline bool lgi_mutex_unlock_by_bias(lg_mutex *mutex)
{
    if (!lgi_mutex_enter_bias(mutex))
        return false;
    bool is_mine = __atomic_load_n(&mutex->lgi_word, __ATOMIC_RELAXED) ==
                   (LGI_BIASED | lgi_identity);
    if (is_mine)
        __atomic_store_n(&mutex->lgi_word, LGI_BIASED, __ATOMIC_RELEASE);
    lgi_bias_leave();
    return is_mine;
}

/* ---- the beginning of a bias, by the owner, whose unlock this is ---- */

/* lgi_bias after another worker came, so many times. */
static inline uint32_t lgi_bias_after_others(uint32_t bias, uint32_t tag, uint32_t others)
{
    others += bias >> LGI_BIAS_OTHER_SHIFT;
    return others > LGI_BIAS_OTHERS_MOST ? LGI_MUTEX_SETTLED : others << LGI_BIAS_OTHER_SHIFT | tag;
}

/* Is the mutex to be biased, since its unlocks are one worker's? Then lgi_bias says so already. A thread that cannot have a
 * bias has the tag 0 here. */
static inline bool lgi_mutex_note_unlock(lg_mutex *mutex)
{
    uint32_t bias = lgi_mutex_bias(mutex), tag = lgi_my_tag < LGI_BIAS_TAG ? lgi_my_tag : 0;
    if (bias & 1)
        return false;
    if ((bias & LGI_BIAS_TAG) != tag) {
        lgi_mutex_set_bias(mutex, lgi_bias_after_others(bias, tag, 1));
        return false;
    }
    if ((bias & LGI_BIAS_UNLOCKS) < LGI_BIAS_AFTER) {
        lgi_mutex_set_bias(mutex, bias + LGI_BIAS_UNLOCK);
        return false;
    }
    lgi_mutex_set_bias(mutex, tag ? (bias & ~(uint32_t)LGI_BIAS_UNLOCKS) | 1 : LGI_MUTEX_SETTLED);
    return tag != 0;
}

/* Somebody came in between, so the word does not have LGI_BIASED. */
static inline void lgi_mutex_take_bias_back(lg_mutex *mutex)
{
    lgi_mutex_set_bias(mutex, LGI_MUTEX_SETTLED);
}

/* ---- the list of those who wait ---- */

/* In a child, nobody waits for what its parent had locked: the flags have to say so too. (A thread of the child that spins may have
 * set WOKEN already. Without it, one more may be woken than need be.) */
static inline void lgi_mutex_lock_list(lg_mutex *mutex)
{
    if (__builtin_expect(lgi_lock_lists(&mutex->lgi_lock), 0)) {
        lgi_waiters_forget(&mutex->lgi_waiters);
        __atomic_fetch_and(&mutex->lgi_word, LGI_MUTEX_OWNER | LGI_BIASED, __ATOMIC_RELAXED);
    }
}

static inline void lgi_mutex_unlock_list(lg_mutex *mutex)
{
    lgi_unlock_lists(&mutex->lgi_lock);
}

/* ---- the end of a bias ---- */

/* In a forked child nobody uses a bias (lgi_bias_forked), so a bias ends without the list's lock, which a thread of the parent may
 * have held at the fork. */
static __attribute__((noinline, cold)) uint64_t lgi_mutex_end_bias_in_child(lg_mutex *mutex)
{
    lgi_mutex_set_bias(mutex, LGI_MUTEX_SETTLED);
    return __atomic_and_fetch(&mutex->lgi_word, ~LGI_BIASED, __ATOMIC_ACQ_REL);
}

/* Under the list's lock. */
static __attribute__((noinline, cold)) void lgi_mutex_end_bias(lg_mutex *mutex)
{
    if (lgi_forked) {
        lgi_mutex_end_bias_in_child(mutex);
        return;
    }
    uint32_t bias = lgi_mutex_bias(mutex), tag = bias & (LGI_BIAS_TAG - 1);
    lgi_mutex_set_bias(mutex, lgi_bias_after_others(bias, tag, LGI_BIAS_OTHERS_OF_AN_END));
    lgi_bias_wait(&mutex->lgi_bias, tag);
    uint64_t word = __atomic_load_n(&mutex->lgi_word, __ATOMIC_ACQUIRE);
    __atomic_store_n(&mutex->lgi_word, word & ~LGI_BIASED, __ATOMIC_RELEASE);
}

/* The word, which is not biased: the first under the list's lock, the second without it. */
static inline uint64_t lgi_mutex_settled_under_lock(lg_mutex *mutex)
{
    uint64_t word;
    while ((word = __atomic_load_n(&mutex->lgi_word, __ATOMIC_ACQUIRE)) & LGI_BIASED)
        lgi_mutex_end_bias(mutex);
    return word;
}

static inline uint64_t lgi_mutex_settled(lg_mutex *mutex)
{
    uint64_t word = __atomic_load_n(&mutex->lgi_word, __ATOMIC_RELAXED);
    if (__builtin_expect((word & LGI_BIASED) == 0, 1))
        return word;
    if (lgi_forked)
        return lgi_mutex_end_bias_in_child(mutex);
    lgi_mutex_lock_list(mutex);
    word = lgi_mutex_settled_under_lock(mutex);
    lgi_mutex_unlock_list(mutex);
    return word;
}

#endif
