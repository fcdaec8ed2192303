/* What a worker does when it has nothing to run, and who wakes it (worker.h says how workers sleep). */
#ifndef LGI_SCHED_IDLE_H
#define LGI_SCHED_IDLE_H

#include "sched/worker.h"

/* The worker's thread begins: it counts as awake. */
void lgi_idle_thread_begin(struct lgi_worker *worker);

/* Returns when there may be something to run, or a request to be answered. */
void lgi_worker_idle(struct lgi_worker *w);

#endif
