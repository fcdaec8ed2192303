/* What all workers share: their number, its limit, and making them. */
#ifndef LGI_SCHED_RUNTIME_H
#define LGI_SCHED_RUNTIME_H

#include "sched/worker.h"

enum { LGI_WORKERS_MOST = 1024 };

/* Workers are added, but never removed. */
extern struct lgi_worker *lgi_workers[LGI_WORKERS_MOST];
unsigned lgi_worker_count(void);

/* How many may start goroutines. */
extern unsigned lgi_wanted; /* written atomically; 0: not decided yet */
static inline unsigned lgi_workers_wanted(void)
{
    return __atomic_load_n(&lgi_wanted, __ATOMIC_RELAXED);
}

/* Goroutines that threads of the program's own have made. */
extern struct lgi_run_queue lgi_injected;

/* ---- the goroutines that a worker may begin ---- */

enum { LGI_INJECTED_FIRST_EVERY = 61 }; /* steps of a worker */

static inline bool lgi_may_start(const struct lgi_worker *w)
{
    return w->number < lgi_workers_wanted();
}

/* How many wait to begin, as far as this worker may begin them. */
static inline unsigned lgi_tasks_waiting(const struct lgi_worker *w)
{
    return lgi_run_queue_count(&w->starts) +
           (lgi_may_start(w) ? lgi_run_queue_count(&lgi_injected) : 0);
}

/* NULL: none waits to begin. */
static inline struct lgi_task *lgi_next_task(struct lgi_worker *w)
{
    struct lgi_task *start = NULL;
    if (w->steps % LGI_INJECTED_FIRST_EVERY != 0)
        start = lgi_run_queue_take_own(&w->starts);
    if (!start && lgi_run_queue_count(&lgi_injected) > 0 && lgi_may_start(w))
        start = lgi_run_queue_take(&lgi_injected);
    return start ? start : lgi_run_queue_take_own(&w->starts);
}

/* ---- making workers ---- */

/* Sees to it that there are workers. False: none can be made. Panics in a forked child. */
bool lgi_workers_begin(void);

/* Makes one more, if there are fewer than wanted. */
void lgi_worker_add(void);

extern bool lgi_forked;

/* Where a goroutine's function has ended. In a forked child whose parent had workers: ends the process, and says so. */
void lgi_ended_in_child(void) __attribute__((noreturn, cold));
static inline void lgi_refuse_end_in_child(void)
{
    if (__builtin_expect(lgi_forked, 0))
        lgi_ended_in_child();
}

/* The cleanup of a variable that is set to NULL once the goroutine's function has returned. Of all that leaves the function
 * in another way, only pthread_exit runs it while nothing of the library's is being unwound: then the process ends. It
 * stands before all that tells others of the end of the goroutine, who might end the process without a report. */
void lgi_refuse_thread_exit(struct lgi_g **guard);

/* More than 0: there are waits that lgi_park must look at closely, as those of a forked child and those in a bubble. Atomic. */
extern uint32_t lgi_special_waits;

/* In a forked child whose parent had workers: panics. */
void lgi_refuse_after_fork(void);

/* The first steps of a worker's thread. */
void lgi_worker_thread_begin(struct lgi_worker *worker);

/* The bounds of the calling thread's own stack. */
void lgi_thread_bounds(struct lgi_stack_bounds *bounds);

/* The loop of a worker's thread. */
void *lgi_worker_main(void *worker);

/* Is there more than one processor? */
bool lgi_may_spin(void);

/* ---- thread.c: goroutines with threads of their own (lg_go_thread), and the program's threads ---- */

bool lgi_thread_run_task(struct lgi_task *start);
size_t lgi_threads_count(void);
/* `starting`: for those whose thread has not begun; NULL: none. */
void lgi_threads_visit(void (*starting)(const struct lgi_task *start, void *data),
                       void (*visit)(struct lgi_g *g, void *data), void *data);

/* Makes the thread call `answer` while it waits; if the thread is the caller, calls it directly. False: until `until`, or
 * for as long since it last waited so, the thread did not wait in a way that can be interrupted. The thread must not end
 * meanwhile. */
bool lgi_thread_ask(struct lgi_g *g, void (*answer)(struct lgi_g *g, void *data), void *data,
                    lg_time until);
void lgi_thread_answer(struct lgi_g *g);

/* park.c: wakes a sleeping thread, which then checks for requests and for lg_exit. */
void lgi_thread_recheck(struct lgi_g *g);

/* Do all threads of lg_go_thread wait without a deadline? Adds to *activity a sum that changes when a thread does
 * anything. */
bool lgi_threads_wait(uint64_t *activity);

static inline bool lgi_thread_waits(const struct lgi_g *g, uint64_t *activity)
{
    uint32_t for_ever = __atomic_load_n(&g->for_ever, __ATOMIC_SEQ_CST);
    *activity += for_ever;
    return for_ever % 2 != 0 && __atomic_load_n(&g->claim, __ATOMIC_SEQ_CST) == LGI_WAITING;
}

/* Main, once it has waited for something; NULL before. */
extern struct lgi_g *lgi_main;

/* ---- counted here for higher rooms ---- */

/* lg_exit is ending all goroutines: new ones are dropped. Atomic. */
extern uint32_t lgi_exiting;
static inline bool lgi_is_exiting(void)
{
    return __atomic_load_n(&lgi_exiting, __ATOMIC_RELAXED) != 0;
}

/* Waits for something outside of the program, or for helper threads, that no worker knows of. Counted atomically; counted
 * down only after the waiting goroutine was unparked. */
extern uint32_t lgi_outside;

/* Threads of the library that are neither workers nor goroutines with a thread, and that wait for something to do, or do it
 * for a wait that lgi_outside counts. All other threads count as threads that may do anything. Counted atomically. */
extern uint32_t lgi_helpers;
static inline void lgi_helper_waits(void)
{
    __atomic_fetch_add(&lgi_helpers, 1, __ATOMIC_SEQ_CST);
}
static inline void lgi_helper_works(void)
{
    __atomic_fetch_sub(&lgi_helpers, 1, __ATOMIC_SEQ_CST);
}

/* thread_record.c: the calling thread, which is no worker, ends. Its record becomes free for other threads. */
void lgi_self_end(struct lgi_g *g);

/* For a fork: no thread's record is given out or comes back in between. */
void lgi_records_lock(void);
void lgi_records_unlock(void);

/* thread_record.c: the thread whose record has that place (identity.h), or NULL. */
const struct lgi_g *lgi_thread_in_place(uint32_t place);

#endif
