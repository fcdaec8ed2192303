/* What all workers share: how many there are and may be, and how they come to be. */
#ifndef LGI_SCHED_RUNTIME_H
#define LGI_SCHED_RUNTIME_H

#include "sched/worker.h"

enum { LGI_WORKERS_MOST = 1024 };

/* They come, but never go. */
extern struct lgi_worker *lgi_workers[LGI_WORKERS_MOST];
unsigned lgi_worker_count(void);

/* How many may start goroutines. */
extern unsigned lgi_wanted; /* written atomically; 0: not decided yet */
static inline unsigned lgi_workers_wanted(void)
{
    return __atomic_load_n(&lgi_wanted, __ATOMIC_RELAXED);
}

/* Goroutines that threads of the program's own have made. */
extern struct lgi_starts lgi_injected;

/* Sees to it that there are workers. False: none can be made. Panics in a forked child. */
bool lgi_workers_begin(void);

/* One more, if there are fewer than wanted. */
void lgi_worker_add(void);

extern bool lgi_forked;

/* In a forked child, whose parent had workers: says so by a panic. */
void lgi_refuse_after_fork(void);

/* What a worker's thread has to do first. */
void lgi_worker_thread_begin(struct lgi_worker *worker);

/* The loop of a worker's thread. */
void *lgi_worker_main(void *worker);

/* Finds out how fast the processor's clock goes. Once, before the first worker. */
void lgi_measure_ticks(void);

/* Is there more than one processor? */
bool lgi_may_spin(void);

/* ---- thread.c: goroutines with threads of their own (lg_go_thread), and the program's threads ---- */

bool lgi_thread_start(struct lgi_start *start);
size_t lgi_threads_count(void);
void lgi_threads_visit(void (*visit)(struct lgi_g *g, void *data), void *data);

/* Main, once it has waited for something; NULL before. */
extern struct lgi_g *lgi_main;

/* ---- deadlock.c ---- */

/* Nothing in the process can ever go on. If that may become true without anybody noticing, sets *until to when to ask
 * again. */
bool lgi_deadlocked(lg_duration *until);
void lgi_report_deadlock(void) __attribute__((noreturn));

/* A wait for something outside is under way that no worker knows of: a helper thread. */
extern uint32_t lgi_outside; /* counted atomically */

/* ---- overflow.c ---- */

void lgi_overflow_begin(void);        /* once */
void lgi_overflow_thread_begin(void); /* on each thread that runs goroutines */

#endif
