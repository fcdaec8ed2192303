/* What the engine calls of the rooms above it, which it does not know: how descriptors are waited for, and who looks at
 * threads that begin, wait and end. None of these calls is on a hot path. The table is constant, and is put together in
 * src/hooks.c, the one file that knows all rooms. */
#ifndef LGI_SCHED_HOOKS_H
#define LGI_SCHED_HOOKS_H

#include <lifoguard/time.h>

struct lgi_g;
struct lgi_worker;

struct lgi_sched_hooks {
    /* Looks at the descriptors of a worker's goroutines, waiting until `until` at the most (0: not at all,
     * LG_TIME_MAX: without end), and makes ready the goroutines that waited for one. */
    void (*poll)(struct lgi_worker *worker, lg_time until);
    /* Ends such a wait of another worker. */
    void (*poll_wake)(struct lgi_worker *worker);

    /* Once, before the first worker is made. */
    void (*begin)(void);
    /* On each thread that runs goroutines, before the first of them. */
    void (*thread_begins)(void);
    /* Before such a thread ends. */
    void (*thread_ends)(void);
    /* The calling thread, any, waits for the first time. */
    void (*first_wait)(struct lgi_g *g);
    /* Called by a thread that is about to sleep without a deadline while no worker is awake. Does not return if
     * nothing in the process can ever go on. Otherwise it may set *until, to be called again then. */
    void (*last_asleep)(lg_time *until);
};

extern const struct lgi_sched_hooks lgi_sched_hooks;

#endif
