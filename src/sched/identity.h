/* Who a goroutine or thread is, for what it holds. The address of its struct lgi_g is not enough, since the next one on the
 * same stack has the same: a lock left by the first would seem to be the second one's own.
 *
 * An identity is never used again. It has, from the lowest bit: three that are 0, for flags of who keeps it; the number
 * of the place that the goroutine runs in (a stack, a thread's record, a worker), by which it can be found; and how many have
 * run there before. A place where all numbers have been used is not used again either. */
#ifndef LGI_SCHED_IDENTITY_H
#define LGI_SCHED_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

enum {
    LGI_PLACE_BITS = 26,
    LGI_PLACE_SHIFT = 3,
    LGI_TURN_SHIFT = LGI_PLACE_SHIFT + LGI_PLACE_BITS
};

/* Places are numbered by kind. */
enum {
    LGI_PLACES_OF_STACKS = 0,
    LGI_PLACES_OF_THREADS = 1 << (LGI_PLACE_BITS - 1),
    LGI_PLACES_OF_WORKERS = LGI_PLACES_OF_THREADS + (1 << (LGI_PLACE_BITS - 2)),
    LGI_PLACES_END = 1 << LGI_PLACE_BITS,
};

/* The identity before the first one of a place. */
static inline uint64_t lgi_identity_none(uint32_t place)
{
    return (uint64_t)place << LGI_PLACE_SHIFT;
}

/* The next of the same place; 0: there is none. */
static inline uint64_t lgi_identity_next(uint64_t identity)
{
    uint64_t next = identity + (UINT64_C(1) << LGI_TURN_SHIFT);
    return next < identity ? 0 : next;
}

static inline uint32_t lgi_identity_place(uint64_t identity)
{
    return (uint32_t)(identity >> LGI_PLACE_SHIFT) % LGI_PLACES_END;
}

struct lgi_g;

/* Whose identity that is; NULL: it has ended. By the time the caller looks, it may have. */
const struct lgi_g *lgi_identity_find(uint64_t identity);

/* What it waits for, as text; also that this never comes, since whoever holds it has ended. It must stand still. */
const char *lgi_waits_for(const struct lgi_g *g);

#endif
