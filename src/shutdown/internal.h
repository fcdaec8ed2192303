/* An lg_shutdown from within. Its thread, the coordinator, is the only one that changes the phase and the stages while they
 * are being stopped; it runs no code of the program's. Stops are called on runners: threads that take
 * them from a queue, one of which exists from the beginning, so that stopping does not depend on there being threads. */
#ifndef LGI_SHUTDOWN_INTERNAL_H
#define LGI_SHUTDOWN_INTERNAL_H

#include <pthread.h>
#include <signal.h>
#include <stdint.h>

#include <lifoguard/semaphore.h>
#include <lifoguard/shutdown.h>

#include "error/list.h"
#include "shutdown/order.h"
#include "signals/signals.h"

enum { LGI_STAGE_TEXT = 256, LGI_REASON_SIZE = 160 };

enum lgi_phase {
    LGI_PHASE_UP,
    LGI_PHASE_DRAINING,
    LGI_PHASE_REQUESTED,
    LGI_PHASE_STOPPING,
    LGI_PHASE_STOPPED
};

struct lgi_stage {
    lg_shutdown *owner;
    lg_error *(*stop)(void *argument, const lg_context *context);
    void *argument;
    lg_duration limit;
    const char *const *needs;
    const char *name;

    /* Written by the coordinator, under the lock. */
    lg_stage_outcome outcome;
    size_t rank; /* the how-manieth it was to be stopped, from 1; 0: it was not */
    lg_duration began, given, took;
    lg_duration give_up; /* when it is left running */
    char text[LGI_STAGE_TEXT];
    struct lgi_stage *next; /* in the queue */

    /* Written by its runner, read by the coordinator once it has `returned`. */
    lg_stage_outcome ended_as;
    lg_error *error;
    lg_duration ended_at;
    bool returned; /* under the lock */

    const char *names[]; /* for `needs`; then the characters of all names */
};

struct lg_shutdown {
    struct lgi_link link; /* in lgi_shutdowns */
    lg_shutdown_options options;
    pid_t owner;
    pthread_t thread;
    sigset_t mask; /* of runners */
    struct lgi_signal_watch watch;
    bool watching;
    int wake[2];          /* an event (own_fd.h), to the coordinator */
    int asked[2];         /* likewise, to the program */
    lg_context *context;  /* cancelled by a request */
    lg_context *fallback; /* for stops, if there is no memory for one of their own */
    struct lgi_done stopped;
    uint32_t holders; /* the program, the coordinator, each runner; atomic */

    /* Made in a test in virtual time: its threads are members of the bubble. They wait for the semaphores then, which that
     * knows of. NULL: made in real time. */
    struct lgi_bubble *bubble;
    lg_semaphore wakes, offers;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t offer;
    enum lgi_phase phase;
    struct lgi_order order;
    size_t starting; /* stages whose start is being called: there is room for them */
    bool request_wanted, stop_wanted, plan_wanted, over;
    bool was_ready;
    char reason[LGI_REASON_SIZE]; /* as it was given: to be escaped where it is shown */
    lg_error *error;              /* of all stops */
    struct lgi_stage *offered, **offered_end;
    size_t offered_count, idle; /* runners that do nothing */
    size_t overrunning;
    size_t ranks;

    /* Of the thread that reads signals. */
    int signal; /* the first one; atomic */
    lg_duration signalled_at;

    /* The coordinator's own. */
    lg_duration requested_at, drain_until, began, took, deadline, next_sign;
    size_t running;
};

/* All there are, for readers from outside (layout.c). */
extern struct lgi_list lgi_shutdowns;

/* Looks at what happened, does what is to be done, and returns when to look again. */
lg_duration lgi_shutdown_step(lg_shutdown *s);

/* One of our signals came. Called on the thread that reads them, which does not wait for anything of the program's: so a second
 * signal ends the process even if the coordinator is held up. */
void lgi_shutdown_on_signal(struct lgi_signal_watch *watch, int number, lg_time when);

/* Tells the coordinator that something has changed. */
void lgi_shutdown_wake(lg_shutdown *s);

void lgi_shutdown_let_go(lg_shutdown *s);

/* Makes a thread that calls main(s), and that lets go of s at its end; detached if `thread` is NULL. Returns 0 or an errno
 * value. */
int lgi_shutdown_thread(lg_shutdown *s, pthread_t *thread, void *(*main)(void *s));

/* The work of such a thread: calls work(s), as a member of the bubble if there is one. */
void lgi_shutdown_work(lg_shutdown *s, void (*work)(void *s));

/* Why the context is cancelled: tells of the signal, or the reason. */
lg_error *lgi_shutdown_cause(lg_shutdown *s) __attribute__((__warn_unused_result__));

/* ---- stage.c ---- */

/* Lets a runner call the stop; false: there is none and none can be made. Under the lock. */
bool lgi_stage_offer(lg_shutdown *s, struct lgi_stage *stage);

/* One more runner, which waits for stages. Under the lock. */
bool lgi_runner_add(lg_shutdown *s);

/* Calls the stop here and now, for a stage that cannot be added. */
lg_error *lgi_stage_stop_here(lg_shutdown *s, const lg_stage *stage);

/* The lg_shutdown whose stage the calling thread stops; NULL. */
lg_shutdown *lgi_stage_current(void);

/* ---- report.c ---- */

/* One line to a descriptor, which does not block for long. False: it could not be written. */
bool lgi_shutdown_log(int fd, const char *format, ...) LGI_PRINTF(2, 3);

void lgi_shutdown_log_plan(lg_shutdown *s);
void lgi_shutdown_log_report(lg_shutdown *s);
void lgi_shutdown_log_pending(lg_shutdown *s, int fd);

#endif
