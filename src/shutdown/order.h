/* In which order stages stop, and how long each may take: arithmetic, without threads or clocks.
 *
 * A stage that declares nothing comes after all that were added before it; one that declares names, or none, comes after
 * those only. What comes after another is stopped before it. */
#ifndef LGI_SHUTDOWN_ORDER_H
#define LGI_SHUTDOWN_ORDER_H

#include <stdbool.h>
#include <stddef.h>

#include <lifoguard/duration.h>

struct lgi_stage;

struct lgi_order_node {
    struct lgi_stage *stage; /* the caller's */
    const char *name;
    const char *const *after; /* ends with NULL; NULL itself: all that were added before */
    lg_duration limit;        /* 0: none of its own */

    /* From lgi_order_begin on. */
    lg_duration share;      /* the limit, or what one without a limit is counted with */
    lg_duration downstream; /* the longest chain of shares that can only begin after it */
    size_t blockers;        /* those that must end before it may be stopped */
    bool started, ended;
    size_t mark, queued; /* for walks */
};

struct lgi_order {
    struct lgi_order_node *nodes;
    size_t count, capacity;
    unsigned at_once;    /* how many may be stopped at a time; at least 1 */
    lg_duration waiting; /* the shares of those that were not started */
};

/* Room for that many more; false: out of memory. */
bool lgi_order_reserve(struct lgi_order *order, size_t more);

/* Adds one, for which there is room. The strings are not copied. */
void lgi_order_add(struct lgi_order *order, struct lgi_stage *stage, const char *name,
                   const char *const *after, lg_duration limit);

/* Takes back the one that was added last. */
void lgi_order_drop_last(struct lgi_order *order);

void lgi_order_free(struct lgi_order *order);

/* Does i come after j? */
bool lgi_order_after(const struct lgi_order *order, size_t i, size_t j);

/* A cycle through the one that was added last, written as "a after b after a", as snprintf does. 0: there is none. The
 * order must have had none before. */
size_t lgi_order_cycle(struct lgi_order *order, char *buffer, size_t size);

/* The stops begin: nothing is added from here on. A stage without a limit is counted as its equal part of `budget`. */
void lgi_order_begin(struct lgi_order *order, lg_duration budget);

/* How long it takes from here if every stage takes as long as it may. */
lg_duration lgi_order_total(const struct lgi_order *order);

/* The next to be stopped, the one added last if there are several; -1: none may be, before another has ended. Whether there
 * is a place for it (at_once) is the caller's to know. */
ptrdiff_t lgi_order_next(const struct lgi_order *order);

/* How long stage i may take, if `remaining` is left for all: its limit; less if what comes after it would otherwise get
 * nothing; one without a limit gets all that the others do not claim. */
lg_duration lgi_order_allowance(const struct lgi_order *order, size_t i, lg_duration remaining);

void lgi_order_started(struct lgi_order *order, size_t i);
void lgi_order_ended(struct lgi_order *order, size_t i);

#endif
