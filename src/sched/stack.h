/* Stacks for goroutines: they lie in large mappings, each above a guard of its own, and are used again.
 *
 * A stack's size is a power of two; sizes are told apart by class. Only the pages that were touched take memory.
 *
 * The guard is for frames of code that was compiled without -fstack-clash-protection: such a frame reaches the next stack
 * unseen only if it is larger than the guard and what is left of its own stack together. A larger guard costs addresses and
 * page tables, since stacks that lie further apart share fewer of these, and time, if each of its pages is marked by
 * MADV_GUARD_INSTALL. A million goroutines parked on stacks of 128 KB (Linux 6.18, x86-64, all guards by markers):
 *
 *     guard     addresses   page tables, each   system time, each, start to end
 *     4 KB      127 GB      0.26 KB             2.4 us
 *     16 KB     138 GB      0.28 KB             2.5 us
 *     128 KB    245 GB      0.50 KB             4.0 us
 *     384 KB    489 GB      1.0 KB              7.5 us
 *     896 KB    977 GB      2.0 KB
 *
 * So the first 4096 stacks of a size, which is all that most programs have, get a guard of 896 KB. It takes a mapping
 * and no markers. Those after them get one by markers, since mappings are limited to some 65,000 a process: of 128 KB, and
 * from the 16,384th on of 64 KB: the C library takes no more at once from a stack for what it would otherwise allocate. */
#ifndef LGI_SCHED_STACK_H
#define LGI_SCHED_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LGI_STACK_LEAST = 14,   /* 16 KB */
    LGI_STACK_MOST = 30,    /* 1 GB */
    LGI_STACK_DEFAULT = 17, /* 128 KB */
    LGI_STACK_CLASSES = LGI_STACK_MOST - LGI_STACK_LEAST + 1,
    LGI_STACK_GUARD = 896 << 10,
    LGI_STACK_NEAR_GUARD = 128 << 10, /* from the 4096th on */
    LGI_STACKS_MANY = 16384,
    LGI_STACK_LEAST_GUARD = 64 << 10, /* from the 16,384th on */
};

/* The class for stacks of at least `size` bytes (0: the default), or -1 if there is none so large. */
int lgi_stack_class(size_t size);

static inline size_t lgi_stack_size(unsigned class_)
{
    return (size_t)1 << (class_ + LGI_STACK_LEAST);
}

/* The end of a stack, at its high end. */
struct lgi_stack_end {
    void *next; /* the high end of another: for lists of stacks that nobody runs on */
    struct lgi_slab *slab;
    uint64_t identity; /* of whoever runs there, or ran there last: identity.h */
};

static inline struct lgi_stack_end *lgi_stack_end(void *high)
{
    return (struct lgi_stack_end *)high - 1;
}

/* Stacks of one class that were never used, for one worker alone. So the workers make guards side by side, not one after
 * the other under a lock. All zero: empty. */
struct lgi_stack_reserve {
    struct lgi_slab *slab;
    unsigned next, guarded,
        end; /* the first; the first without its guard; the first that belongs to others */
};

/* A stack, as its high end. Below its low end is a guard: of one of the sizes above, or of one page where addresses
 * are scarce. If the reserve is empty, which only the caller may use, it gets some more. Without one (NULL), the stack costs
 * more. NULL: out of memory. */
void *lgi_stack_take(unsigned class_, struct lgi_stack_reserve *reserve);

/* There is at least one stack of the class, so that goroutines with such stacks can run, one after the other at least.
 * False: out of memory. */
extern bool lgi_stack_is_there[LGI_STACK_CLASSES];
bool lgi_stack_make(unsigned class_);
static inline bool lgi_stack_first(unsigned class_)
{
    return __atomic_load_n(&lgi_stack_is_there[class_], __ATOMIC_RELAXED) || lgi_stack_make(class_);
}

/* For a fork: nobody changes what there is of stacks in between. */
void lgi_stacks_lock(void);
void lgi_stacks_unlock(void);

/* Gives back a list of stacks. Their memory goes back to the system; their addresses are used again. */
void lgi_stacks_give(void *first);

/* The high end of the stack around `address`; NULL if it is in none. May be called from a signal handler. Then
 * *guard says whether the address lies in its guard page. */
void *lgi_stack_around(uintptr_t address, bool *guard);

/* How large the guard below a stack is, whose low end this is. May be called from a signal handler. */
size_t lgi_stack_guard(uintptr_t low);

/* The stack whose place has that number (identity.h), if it was ever taken; else NULL. */
void *lgi_stack_in_place(uint32_t place);

/* Visits every stack that was ever taken. Stacks may come meanwhile, but none goes. */
void lgi_stacks_visit(void (*visit)(void *high, void *data), void *data);

#endif
