/* The parts of a supervisor. Its goroutine (control.c) is a member of its group, and so is each start of a member: who waits
 * for the group waits for all of them, and gets the error that the supervisor's goroutine returns.
 *
 * A member's goroutine only notes how it ended, and wakes the supervisor's, which decides alone. */
#ifndef LGI_SUPERVISOR_INTERNAL_H
#define LGI_SUPERVISOR_INTERNAL_H

#include <lifoguard/mutex.h>
#include <lifoguard/supervisor.h>

#include "supervisor/policy.h"
#include "sync/own_mutex.h"

enum { LGI_RESTARTS_KEPT = 64, LGI_ENDED_MEMBERS_KEPT = 64 };

struct lgi_supervised_member {
    struct lgi_supervised_member *next;     /* in the order of adding */
    struct lgi_supervised_member *next_end; /* in the order of ending */
    lg_supervisor *supervisor;
    const struct lgi_site *site;
    lgi_function function;
    uintptr_t word[1 + 4]; /* the context, and the arguments */
    unsigned count;        /* of words */
    bool reports;
    lg_go_options options; /* of the goroutine */
    lg_restart_when restart;
    char name[64], text[128]; /* of the last failure */
    /* Guarded by the supervisor's lock: */
    lg_member_state
        state;      /* of one that has ended but was not judged yet, still LG_MEMBER_RUNNING */
    bool starting;  /* lg_supervisor_start waits for it: nothing else touches it */
    bool cancelled; /* this start of it is to end */
    bool for_all;   /* … because all are started again */
    unsigned starts;
    lg_time due;     /* while it waits */
    lg_context *ctx; /* of this start; NULL: not yet, or not any more */
    lg_error *error; /* with which it has ended */
    struct lgi_restarts restarts;
};

struct lg_supervisor {
    char name[64];
    lg_supervisor_options options; /* without zeros */
    lg_time made;
    lg_context *ctx;
    lg_group group;
    lg_mutex lock;
    lg_cond changed;
    /* Guarded by the lock: */
    struct lgi_supervised_member *first, **end;
    struct lgi_supervised_member *ended, **ended_end;
    size_t waits; /* lg_supervisor_wait, under way */
    bool stopping;
    lg_error *error;
    struct lgi_restarts restarts; /* of all for one */
    uint64_t random;
    lg_restart_report log[LGI_RESTARTS_KEPT];
    size_t logged; /* ever */
};

/* ---- supervisor.c; under the lock ---- */

void lgi_supervised_remove_and_free(lg_supervisor *s, struct lgi_supervised_member *m);

/* ---- control.c ---- */

/* What the supervisor's goroutine does. */
lg_error *lgi_supervisor_control(lg_supervisor *s);

/* ---- member.c; under the lock ---- */

/* Starts the member. Returns an error if there is no memory; then it has not been started. */
lg_error *lgi_supervised_start(struct lgi_supervised_member *m);

/* Cancels this start of it. */
void lgi_supervised_cancel(struct lgi_supervised_member *m);

/* The member has ended: it will be judged. */
void lgi_supervised_ended(struct lgi_supervised_member *m, lg_error *error);

/* What the goroutine of a member does: returns the error of a member that was never ready. */
lg_error *lgi_supervised_run(struct lgi_supervised_member *m);

#endif
