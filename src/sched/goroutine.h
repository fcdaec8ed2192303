/* Goroutines as objects. A goroutine that has not started is a struct lgi_task, a few words in a queue; a goroutine that has
 * started is a struct lgi_g, which lies at the high end of its stack. A thread that the program made gets a struct lgi_g
 * when it first waits. */
#ifndef LGI_SCHED_GOROUTINE_H
#define LGI_SCHED_GOROUTINE_H

#include <lifoguard/go.h>

#include "defer/exit.h"
#include "defer/thread.h"
#include "error/list.h"
#include "sched/cxx.h"
#include "sched/park.h"
#include "sched/wheel.h"

struct lgi_bubble;
struct lgi_worker;

/* The call that a goroutine makes. */
struct lgi_task {
    struct lgi_task *next;
    const struct lgi_site *site;
    lgi_function function;
    uintptr_t word[LGI_MAX_ARGS];
    /* Makes the call in its own way, on the goroutine; NULL: the plain call. */
    void (*run)(struct lgi_task *start);
    /* Called if the goroutine never starts (G4), on any thread; NULL: nothing needs to be done. */
    void (*drop)(struct lgi_task *start);
    void *owner;                           /* for `run` and `drop` */
    void (*drop_argument)(void *argument); /* likewise */
    const char *name;
    uint64_t id;
    uint64_t starter;          /* the goroutine that called lg_go; 0: main or another thread */
    unsigned stack_class;      /* stack.h */
    bool entered;              /* of a task with a bubble: counted there */
    struct lgi_bubble *bubble; /* bubble.h: of the goroutine that made it; NULL: none */
};

enum lgi_g_state { LGI_G_NONE, LGI_G_RUNNABLE, LGI_G_RUNNING, LGI_G_PARKED };

struct lgi_g {
    /* Needed at every switch to the goroutine and every wake: one line of the cache. */
    _Alignas(64) uint32_t claim; /* park.h */
    uint8_t state;               /* enum lgi_g_state */
    bool may_be_stopped;         /* lg_exit may end its wait */
    bool stop;                   /* lg_exit ends it at its next wait … */
    bool stopped;                /* … and has done so */
    uintptr_t under;             /* park.h */
    void *sp;                    /* while it is not running, like the next three: */
    struct lgi_record *top;
    struct lgi_unwinding *unwinding;
    struct lgi_catcher *catcher;
    struct lgi_g *next;        /* in a queue of those that may go on */
    struct lgi_worker *worker; /* NULL: a thread of the program's, or of lg_go_thread */

    /* Likewise: the second line. */
    uint64_t identity; /* identity.h; 0: it has ended. Atomic */
    const uint64_t *
        held; /* it waits for what the owner of the identity there holds; NULL: for something else */
    size_t skipped;
    struct lgi_task *start; /* NULL: a thread of the program's */
    struct lgi_stack_bounds bounds;
    void *tsan_fiber;
    unsigned stack_class;

    struct lgi_cxx_state cxx[LGI_CXX_MOST];
    uint32_t futex; /* of a thread: enum in park.c */
    int event;      /* of a thread that waits in poll(2): written to when it is unparked; 0: none */
    bool has_deadline; /* its wait has one */
    bool is_main;
    bool is_in_exit;                /* it has called exit, and waits there: inspect/exit.c */
    struct lgi_exit_part exit_part; /* of a goroutine without a thread of its own */
    const char *waits_for;          /* NULL: it does not wait */
    lg_error *done_error;           /* of what ended its last wait: park.h */
    /* Of a thread. */
    uint32_t for_ever; /* counts up when a wait without deadline begins and ends: odd in between */
    uint32_t end_rounds; /* of destructors that it has come through: deadlock.c */
    uint32_t asked;      /* others want it to do something while it waits: thread.c */

    struct lgi_link thread_link; /* of a thread of lg_go_thread */
    void *fake_stack;            /* AddressSanitizer's */
    struct lgi_bubble *bubble;   /* bubble.h: whose clock is the goroutine's; NULL: none. Atomic */
    struct lgi_link bubble_link;
    bool outside;         /* what it is about to wait for is not in the bubble */
    bool durably_blocked; /* these two: guarded by the bubble's lock */
    bool blocked_outside;
    char name[64]; /* of the function, once somebody has asked for it; the last member */
};

_Static_assert(offsetof(struct lgi_g, claim) == offsetof(struct lgi_claimed, claim) &&
                   offsetof(struct lgi_g, under) == offsetof(struct lgi_claimed, under),
               "a struct lgi_g begins as struct lgi_claimed says");

/* A task with the function and its arguments, all else zero. NULL: out of memory. */
struct lgi_task *lgi_task_new(const struct lgi_site *site, lgi_function function,
                              const uintptr_t *words);
void lgi_task_free(struct lgi_task *start);

/* Lets the goroutine start: the task now belongs to the scheduler. False: there is no worker, and none could be made; the
 * task is still the caller's. */
bool lgi_task_enqueue(struct lgi_task *start);

/* What is wrong with the options or the function, or NULL. */
const char *lgi_task_misuse(lgi_function function, const lg_go_options *options);

/* As lgi_task_new, with the options. */
struct lgi_task *lgi_task_make(const struct lgi_site *site, lgi_function function,
                               const uintptr_t *words, const lg_go_options *options);

/* Lets the goroutine start, on a worker or on a thread of its own. False: there is no memory, or no thread; the task is
 * still the caller's. */
bool lgi_task_submit(struct lgi_task *start, const lg_go_options *options);

/* Begins a goroutine that no worker has begun yet on a thread of its own: every worker may compute for long, or have no memory for
 * its stack. `start` may have ended; `id` is its number. */
enum lgi_elsewhere {
    LGI_NOT_FOUND, /* it has begun, or is on its way from one queue to another */
    LGI_BEGUN_ELSEWHERE,
    LGI_WITHDRAWN, /* there is no thread: it will not begin, and is the caller's again */
};
enum lgi_elsewhere lgi_task_begin_elsewhere(struct lgi_task *start, uint64_t id);

void lgi_drop_argument(void (*drop)(void *argument), uintptr_t argument);

/* Makes the call: the first in the bubble of the task, if it has one. */
void lgi_task_run(struct lgi_task *start);
void lgi_task_call(struct lgi_task *start);

/* Frees a task that will never start (G4). */
void lgi_task_drop(struct lgi_task *start);

/* For reports, as snprintf; allowed in signal handlers. Described, it is "goroutine 12, serve, started at server.c:40 in
 * main by goroutine 3"; that has two parts, who and where it began. */
size_t lgi_g_describe(const struct lgi_g *g, char *buffer, size_t size);
size_t lgi_g_who(const struct lgi_g *g, char *buffer, size_t size);
size_t lgi_task_describe(const struct lgi_task *start, char *buffer, size_t size);
size_t lgi_task_origin(const struct lgi_task *start, char *buffer, size_t size);
size_t lgi_task_name(const struct lgi_task *start, char *buffer, size_t size);

/* A goroutine's memory is never unmapped, but a thread's is. The address of a struct lgi_g shows which of the two it is, for
 * a reader who has the address of one that may have ended by now. */
enum { LGI_G_ALIGNMENT = 64, LGI_G_OF_THREAD = 32 };
static inline bool lgi_g_is_thread(uintptr_t address)
{
    return (address & LGI_G_OF_THREAD) != 0;
}

/* The caller has begun to wait for something that no goroutine of a bubble brings about: a descriptor, a thread. */
static inline void lgi_wait_outside(struct lgi_g *g)
{
    g->outside = true;
}

static inline bool lgi_on_fiber(const struct lgi_g *g)
{
    return g->worker != NULL;
}

#endif
