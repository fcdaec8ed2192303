/* Idle workers: what a worker without work does, and how it is woken (worker.h says how workers sleep). */
#ifndef LGI_SCHED_IDLE_H
#define LGI_SCHED_IDLE_H

#include "sched/worker.h"

/* The worker's thread begins: it counts as awake. */
void lgi_idle_thread_begin(struct lgi_worker *worker);

/* Returns when there may be something to run, or a request to be answered. */
void lgi_worker_idle(struct lgi_worker *w);

#endif
