/* Visiting all goroutines that have started, from outside: each worker does so between two of its own goroutines. */
#ifndef LGI_SCHED_VISIT_H
#define LGI_SCHED_VISIT_H

#include "sched/request.h"
#include "sched/thread_stat.h"
#include "sched/worker.h"

/* Calls `visit`, on the worker's thread and stack, for every goroutine of the worker that has started. None of them runs
 * meanwhile, except that a goroutine may call this function itself. False: the worker was busy until `until`, with
 * another goroutine. (For a worker that has been asleep, that time begins when the kernel gives it a processor.) */
bool lgi_worker_visit(struct lgi_worker *worker, void (*visit)(struct lgi_g *g, void *data),
                      void *data, lg_time until);

/* The same for all workers, one after the other; calls `busy`, on the calling thread, for those that are busy. A worker that
 * the kernel gives no processor is not busy: it is waited for three hundred times as long. */
void lgi_workers_visit(void (*visit)(struct lgi_g *g, void *data),
                       void (*busy)(struct lgi_worker *worker, void *data), void *data,
                       lg_duration for_each);

/* Tells whether a worker's thread has a processor: lgi_thread_stat. A test replaces this function by one of its own, before the
 * first visit. */
extern struct lgi_thread_stat (*lgi_visit_thread_stat)(pid_t thread);

/* The worker's part: answers a request for a visit, if there is one. On the thread's own stack. */
void lgi_worker_answer(struct lgi_worker *w);

#endif
