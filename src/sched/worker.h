/* Workers: the threads on which goroutines run. Each worker has a queue of goroutines that may go on, which only the worker
 * touches; an inbox, to which other threads add goroutines that may go on; and a queue of goroutines that have not
 * started yet, from which idle workers take some.
 *
 * Sleeping: a worker with nothing to do sleeps in epoll_wait if some of its goroutines wait for descriptors, and on a
 * futex otherwise. lg_go wakes no worker, since waking a thread costs more than starting a goroutine. Instead, while some
 * worker is busy, one idle worker, the watcher, checks the other workers from time to time: for goroutines that have
 * waited to start since the last check, and for overdue timers. When the watcher finds something to run, another worker
 * takes its place. When no other worker is awake, nobody watches; the next lg_go wakes a worker, which then watches. */
#ifndef LGI_SCHED_WORKER_H
#define LGI_SCHED_WORKER_H

#include <pthread.h>
#include <stdatomic.h>

#include "sched/goroutine.h"
#include "sched/run_queue.h"
#include "sched/stack.h"
#include "sched/wheel.h"

enum lgi_worker_state {
    LGI_W_AWAKE,
    LGI_W_ON_FUTEX, /* asleep */
    LGI_W_ON_EPOLL, /* likewise */
};

/* The state of a worker at the watcher's last check. */
struct lgi_seen {
    unsigned count, taken;
};

/* Stacks without a goroutine, for the next goroutines. */
struct lgi_stack_cache {
    void *first;
    unsigned count;
    struct lgi_stack_reserve reserve;
};

/* Tasks for the next goroutines, or timers. */
struct lgi_magazine {
    struct lgi_task *first;
    unsigned count;
};

// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): its order is by who touches what
struct lgi_worker {
    /* Its own. */
    struct lgi_g *current;
    struct lgi_g *ready, **ready_end;
    struct lgi_g native;         /* the thread's own stack, where it idles */
    struct lgi_magazine tasks;   /* task_pool.h */
    struct lgi_task *full_tasks; /* a full magazine, or NULL */
    unsigned steps;              /* counts what was run */
    uint64_t checked; /* on the processor's clock: the last check of timers and descriptors */
    uint64_t next_id, last_id;
    unsigned fd_waiters;   /* goroutines that wait for descriptors; written atomically */
    int epoll, event[2];   /* poll.c; -1: not opened yet */
    struct lgi_kept *kept; /* of streams, by descriptor */
    size_t kept_capacity;
    struct lgi_fd_wait *trusting, *trusting_longer; /* what is kept */
    lg_duration verify_at;
    struct lgi_cxx cxx;
    struct lgi_g *cxx_owner; /* whose state is there, when a runtime is found that came by dlopen */
    int *errno_value;        /* the thread's, which its goroutines share */
    struct lgi_g *dead;      /* the goroutine that was just left for good */
    struct lgi_stack_cache stacks[LGI_STACK_CLASSES];
    unsigned number;
    pthread_t thread;
    pid_t thread_id; /* the kernel's; 0: the thread has not begun. Atomic */
    struct lgi_stack_bounds native_bounds;
    size_t alive; /* how many goroutines of it have started and not ended; written atomically */
    bool short_of_memory;  /* for a stack (shortage.h); atomic */
    unsigned longer_spins; /* idle.c: so many times it looks for work for longer before it sleeps */
    struct lgi_seen *seen; /* of all workers, when this worker watches */
    void (*errand)(void *data); /* a call that a goroutine wants on the thread's own stack */
    void *errand_data;
    struct lgi_g *errand_for;
    uint32_t **inside;        /* its thread's lgi_inside: bias.h */
    uint32_t *inside_at_fork; /* … and what that was, in a forked child */

    /* Touched by other threads too. */
    _Alignas(64) _Atomic(struct lgi_g *) inbox;
    _Atomic uint32_t state; /* enum lgi_worker_state; what the futex is */
    uint32_t asked;         /* request.h: for a visit of the goroutines (visit.c) */
    _Atomic uint32_t naps; /* counts up when it goes to sleep and when it wakes: odd in between … */
    _Atomic uint32_t rounds; /* … and this when it found something to do after that */
    _Atomic bool nudged;     /* it should look again before it sleeps: for a deadlock, for stacks */
    _Alignas(64) struct lgi_run_queue starts;
    _Alignas(64) struct lgi_timers timers;
};

/* The calling thread's worker; NULL: the thread is not a worker. */
extern __thread struct lgi_worker *lgi_worker __attribute__((tls_model("initial-exec")));

/* The caller's worker, or any worker; NULL: none can be made. */
struct lgi_worker *lgi_worker_for_timers(void);

/* Wakes the worker if it sleeps: it then checks its timers and its inbox. */
void lgi_worker_wake(struct lgi_worker *worker);

/* The same after the caller has put a goroutine into the queue of the worker: the worker sees it before it sleeps, or is
 * seen asleep here. */
void lgi_worker_wake_for_queue(struct lgi_worker *worker);

/* Wakes the worker even if there is nothing for it, to check for a deadlock. */
void lgi_worker_nudge(struct lgi_worker *worker);

/* Puts a goroutine that may go on where its worker finds it. */
void lgi_worker_ready(struct lgi_g *g);

/* The same for many: those of another worker are put into its inbox some at a time. All zero: none yet. The last of them has
 * been put there when lgi_readying_end returns. */
struct lgi_readying {
    struct lgi_worker *worker;
    struct lgi_g *newest, *oldest;
    unsigned count;
};
void lgi_readying_add(struct lgi_readying *readying, struct lgi_g *g);
void lgi_readying_end(struct lgi_readying *readying);

/* Runs others until the calling goroutine is made ready. */
void lgi_worker_leave(struct lgi_g *g);

/* Runs others first; the calling goroutine stays ready. */
void lgi_worker_yield(struct lgi_g *g);

/* Ends the calling goroutine, whose call has returned or was left by a goexit. */
void lgi_worker_end(struct lgi_g *g) __attribute__((noreturn));

/* A goroutine was made that may start: sees to it that a worker starts it soon. */
void lgi_task_enqueued(bool by_worker);

bool lgi_all_asleep(void);

/* Calls function(data) on the thread's own stack, if the caller is a goroutine on a worker; else just so. */
void lgi_with_room(void (*function)(void *data), void *data);

#endif
