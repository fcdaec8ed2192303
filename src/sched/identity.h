/* The identity of a goroutine or thread, which locks keep to know their owner. The address of the struct lgi_g is not
 * enough, since the next goroutine on the same stack has the same address: a lock left by the first goroutine would
 * seem to be held by the second.
 *
 * An identity is never used again. It has, from the lowest bit: three bits that are 0, for flags of an object that keeps the
 * identity; the number of the place that the goroutine runs in (a stack, a thread's record, a worker), by which the
 * goroutine can be found; how many have run in that place before; and one more bit that is 0, for another flag. A place in
 * which all numbers have been used is not used again either. */
#ifndef LGI_SCHED_IDENTITY_H
#define LGI_SCHED_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

enum {
    LGI_PLACE_BITS = 26,
    LGI_PLACE_SHIFT = 3,
    LGI_TURN_SHIFT = LGI_PLACE_SHIFT + LGI_PLACE_BITS
};
#define LGI_IDENTITY_HIGH_FLAG (UINT64_C(1) << 63)
#define LGI_IDENTITY_FLAGS (LGI_IDENTITY_HIGH_FLAG | 7)

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

/* The next identity of the same place; 0: there is none. */
static inline uint64_t lgi_identity_next(uint64_t identity)
{
    uint64_t next = identity + (UINT64_C(1) << LGI_TURN_SHIFT);
    return next & LGI_IDENTITY_HIGH_FLAG ? 0 : next;
}

static inline uint32_t lgi_identity_place(uint64_t identity)
{
    return (uint32_t)(identity >> LGI_PLACE_SHIFT) % LGI_PLACES_END;
}

struct lgi_g;

/* The goroutine or thread with this identity; NULL: it has ended. It may end before the caller uses the result. */
const struct lgi_g *lgi_identity_find(uint64_t identity);

/* What the goroutine waits for, as text; also that the wait never ends, because the owner of a lock has ended. The goroutine
 * must not run meanwhile. */
const char *lgi_waits_for(const struct lgi_g *g);

#endif
