/* Stacks for goroutines: they lie in large mappings, each with a guard page at its low end, and are used again.
 *
 * A stack's size is a power of two; sizes are told apart by class. Only the pages that were touched take memory. */
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
};

static inline struct lgi_stack_end *lgi_stack_end(void *high)
{
    return (struct lgi_stack_end *)high - 1;
}

/* A stack, as its high end, aligned to its size; its low page is a guard. NULL: out of memory. */
void *lgi_stack_take(unsigned class_);

/* There is at least one stack of the class, so that goroutines with such stacks can run, one after the other at least.
 * False: out of memory. */
extern bool lgi_stack_is_there[LGI_STACK_CLASSES];
bool lgi_stack_make(unsigned class_);
static inline bool lgi_stack_first(unsigned class_)
{
    return __atomic_load_n(&lgi_stack_is_there[class_], __ATOMIC_RELAXED) || lgi_stack_make(class_);
}

/* Gives back a list of stacks. Their memory goes back to the system; their addresses are used again. */
void lgi_stacks_give(void *first);

/* The high end of the stack around `address`; NULL if it is in none. May be called from a signal handler. Then
 * *guard says whether the address lies in its guard page. */
void *lgi_stack_around(uintptr_t address, bool *guard);

/* Visits every stack that was ever taken. Stacks may come meanwhile, but none goes. */
void lgi_stacks_visit(void (*visit)(void *high, void *data), void *data);

#endif
