/* The mappings that stacks are cut from (stack.h). */
#ifndef LGI_SCHED_SLAB_H
#define LGI_SCHED_SLAB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A mapping, cut into stacks of one class. Slabs are never unmapped, so one may look at them without a lock. */
struct lgi_slab {
    struct lgi_slab *next;
    struct lgi_slab *next_with_free; /* of its class */
    uintptr_t first;                 /* the low end of its first guard */
    unsigned class_, count;
    uint32_t place;        /* the number of its first one's: identity.h */
    uint64_t *identity;    /* of each that was given back, the last one */
    size_t slot;           /* from one stack to the next: a guard, and the stack above it */
    bool apart;            /* nothing is accessible but the stacks that were taken */
    _Atomic unsigned used; /* that many have been taken at least once, or are in a reserve */
    uint32_t free;         /* one more than the number of a stack that was given back; 0: none */
    uint32_t next_free[];  /* likewise, for each that was given back */
};

/* All of them, the newest first. */
extern _Atomic(struct lgi_slab *) lgi_slabs;

#endif
