/* A forked child. The deferred calls that were pending at the fork are the parent's, and no unwinding makes them in the child. (Leaving
 * their block by a return makes them: the library does not see it, and the contract of defer.h forbids it.) */
#ifndef LGI_DEFER_FORK_H
#define LGI_DEFER_FORK_H

#include <pthread.h>

#include "defer/unwinding.h"

/* How many forks lie between the process that has loaded the library and this one. */
extern uint32_t lgi_forks;

/* A mutex that is free in each child, though another thread may hold it at the fork: for what a child begins from the start, or
 * does not use. To be registered by a constructor, as a fork may come before the first use. */
struct lgi_free_in_child {
    pthread_mutex_t *mutex;
    struct lgi_free_in_child *next;
};
void lgi_register_free_in_child(struct lgi_free_in_child *entry);

/* Refuses an unwinding that would come to the parent's calls: ends the process with a report. */
void lgi_fork_refuse(const struct lgi_unwinding *unwinding);

#endif
