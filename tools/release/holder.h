/* The cleanups of a run, as the command of the run holds them: the guardian has them on disk, and this process carries them out itself
 * (carry.h), in the order that it knows. If it is killed, the guardian goes on.
 *
 * Requests wait for the disk, so helper threads make them: on a worker, other goroutines run meanwhile, and the requests of several
 * share one wait. */
#ifndef LIFOGUARD_RELEASE_HOLDER_H
#define LIFOGUARD_RELEASE_HOLDER_H

#include "child.h"
#include "spec.h"

#include <lifoguard/error.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct carry;

struct holder {
    const char *directory; /* of the run; NULL: its cleanups are not on disk */
    const char *run;       /* its name */
    const struct birth *birth;
    pid_t guardian, runner; /* one of them is our parent, as long as one of them lives */
    bool lost; /* the cleanups are another process's by now: nothing more is to be done here */
    void (*on_lost)(void *data);
    void *data;
    struct carry *running; /* what is being carried out */
    size_t ends;           /* how often that was to end */
};

/* `directory` is that of the run whose command the caller is; NULL: nothing is kept. */
void holder_init(struct holder *holder, const char *directory, const struct birth *birth);

/* Runner and guardian are both dead: the run is for `lifoguard recover`, which ends what still runs. */
bool holder_is_orphan(const struct holder *holder);

/* Says that the cleanups are another's, once. */
void holder_lose(struct holder *holder);

/* Puts a cleanup on disk: "defer", or "foresee", before what it releases is acquired. `*sequence` is the guardian's number of it. */
lg_error *holder_register(struct holder *holder, const char *request, const struct spec *spec,
                          int64_t *sequence) __attribute__((__warn_unused_result__));
/* What was foreseen has been acquired. */
lg_error *holder_confirm(struct holder *holder, int64_t sequence)
    __attribute__((__warn_unused_result__));
/* It is not to be carried out. */
lg_error *holder_withdraw(struct holder *holder, int64_t sequence)
    __attribute__((__warn_unused_result__));
/* A variable has this value from now on, for cleanups that read variables when they run. */
lg_error *holder_set(struct holder *holder, const char *name, const char *value)
    __attribute__((__warn_unused_result__));

/* ---- of carry.c ---- */

int64_t holder_epoch(struct holder *holder);
/* False: the cleanup is another's by now. */
bool holder_claim(struct holder *holder, int64_t sequence, pid_t attempt, int64_t number);
/* False: it is not on record. */
bool holder_settle(struct holder *holder, int64_t sequence, bool good, const char *detail);

#endif
