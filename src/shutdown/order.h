/* In which order stages stop, and how long each may take: arithmetic, without threads or clocks.
 *
 * A stage that declares nothing comes after all that were added before it; one that declares names, or none, comes after
 * those only. What comes after another is stopped before it. */
#ifndef LGI_SHUTDOWN_ORDER_H
#define LGI_SHUTDOWN_ORDER_H

#include <stdbool.h>
#include <stddef.h>

#include <lifoguard/time.h>

struct lgi_stage;

/* What is added up along chains. */
enum {
    LGI_CLAIMED,   /* limits, as far as they do not exceed the budget */
    LGI_UNLIMITED, /* how many have none */
    LGI_WEIGHTS
};

struct lgi_order_node {
    struct lgi_stage *stage; /* the caller's */
    const char *name;
    const char *const *needs; /* ends with NULL; NULL itself: all that were added before */
    lg_duration limit;        /* 0: none of its own */

    /* From lgi_order_begin on. */
    lg_duration weight[LGI_WEIGHTS];
    lg_duration downstream[LGI_WEIGHTS]; /* the heaviest chain that can only begin after it */
    size_t blockers;                     /* those that must end before it may be stopped */
    bool started, ended;
    size_t mark, queued; /* for walks */
};

struct lgi_order {
    struct lgi_order_node *nodes;
    size_t count, capacity;
    unsigned at_once;                 /* how many may be stopped at a time; at least 1 */
    lg_duration claimed;              /* how long all take that have limits, if they use them up */
    lg_duration waiting[LGI_WEIGHTS]; /* of all that were not started */
};

/* Room for that many more; false: out of memory. */
bool lgi_order_reserve(struct lgi_order *order, size_t more);

/* Adds one, for which there is room. The strings are not copied. */
void lgi_order_add(struct lgi_order *order, struct lgi_stage *stage, const char *name,
                   const char *const *needs, lg_duration limit);

/* Takes back the one that was added last. */
void lgi_order_drop_last(struct lgi_order *order);

void lgi_order_free(struct lgi_order *order);

/* Does i come after j? */
bool lgi_order_after(const struct lgi_order *order, size_t i, size_t j);

/* A cycle through the one that was added last, written as "a after b after a", as snprintf does. 0: there is none. The
 * order must have had none before. */
size_t lgi_order_cycle(struct lgi_order *order, char *buffer, size_t size);

/* The stops begin: nothing is added from here on. */
void lgi_order_begin(struct lgi_order *order, lg_duration budget);

/* The next to be stopped, the one added last if there are several; -1: none may be, before another has ended. Whether there
 * is a place for it (at_once) is the caller's to know. */
ptrdiff_t lgi_order_next(const struct lgi_order *order);

/* How long stage i may take, if `remaining` is left for all. With a limit: that, or less if the others would otherwise get
 * less than their part. Without: an equal part of what the limits leave. Something is left for everybody. *linger is
 * how long it is waited for beyond. */
lg_duration lgi_order_allowance(const struct lgi_order *order, size_t i, lg_duration remaining,
                                lg_duration *linger);

void lgi_order_stop_begun(struct lgi_order *order, size_t i);
void lgi_order_ended(struct lgi_order *order, size_t i);

#endif
