/* The parts of an lg_once that other files of this room use. */
#ifndef LGI_SYNC_ONCE_H
#define LGI_SYNC_ONCE_H

#include <lifoguard/once.h>
#include <lifoguard/until.h>

enum { LGI_ONCE_WAITED = 1, LGI_ONCE_DONE = 2 };

/* Is the caller the one that makes the call? */
static inline bool lgi_once_is_mine(const lg_once *once)
{
    uint64_t word = __atomic_load_n(&once->lgi_word, __ATOMIC_RELAXED);
    return word > LGI_ONCE_DONE && (word & ~(uint64_t)LGI_ONCE_WAITED) == lgi_identity;
}

#endif
