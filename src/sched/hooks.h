/* The functions of higher rooms that the engine calls: to wait for descriptors, and when threads begin, wait and end. None of
 * these calls is on a hot path. The table is constant, and is put together in src/hooks.c, the file that knows all rooms. */
#ifndef LGI_SCHED_HOOKS_H
#define LGI_SCHED_HOOKS_H

#include <lifoguard/time.h>

struct lgi_g;
struct lgi_worker;

struct lgi_sched_hooks {
    /* Polls the descriptors of a worker's goroutines, waiting until `until` at the most (0: not at all, LG_TIME_MAX:
     * without a limit), and makes ready the goroutines whose descriptors are ready. */
    void (*poll)(struct lgi_worker *worker, lg_time until);
    /* Ends such a wait of another worker. */
    void (*poll_wake)(struct lgi_worker *worker);

    /* Once, before the first worker is made. */
    void (*begin)(void);
    /* On each thread that runs goroutines, or makes other calls for the program, before the first of them. */
    void (*thread_begins)(void);
    /* Before such a thread ends. */
    void (*thread_ends)(void);
    /* The calling thread, any, waits for the first time. */
    void (*first_wait)(struct lgi_g *g);
    /* Called by a thread that is about to sleep without a deadline while no worker is awake. Does not return if nothing in
     * the process can ever go on. Otherwise may set *until, to be called again at that time. */
    void (*last_asleep)(lg_time *until);
};

extern const struct lgi_sched_hooks lgi_sched_hooks;

#endif
