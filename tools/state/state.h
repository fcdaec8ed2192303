/* The durable state: which runs there are, who owns each, and what each has still to clean up.
 *
 * This interface is all that the rest of the program knows of the store, so that another store can stand behind it. The one
 * behind it now is SQLite, in PLACE/state.db, with write-ahead logging and synchronous=FULL: a function that
 * returns NULL has its change on the disk.
 *
 * A run has an *epoch*, a number that is raised at each takeover. Every write names run and epoch, and one with a stale
 * epoch changes nothing and returns &state_lost: its caller has lost the run to another process, and must stop (R7).
 *
 * A cleanup goes through these states:
 *
 *     intended ──▶ held ──▶ releasing ──▶ released
 *         └─────────────────▲  │  ▲
 *                              ▼  │ (another attempt)
 *                           failed ──▶ abandoned (by name, with a reason)
 *
 * intended: an `acquire` has not yet said whether it acquired. What is released, dismissed or withdrawn is deleted.
 *
 * Records are signed with a key that lies beside the database, so that what was edited is noticed: a state that does not
 * check out is refused as a whole. */
#ifndef LIFOGUARD_STATE_H
#define LIFOGUARD_STATE_H

#include "process.h"

#include <lifoguard/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct state;

/* Another process has taken the run over. */
extern lg_error state_lost;

/* The database is locked by somebody else, for longer than this waits. */
extern lg_error state_busy;

/* What was tampered with, torn, of a newer version, or not ours: the message says what to do. */
lg_error *state_open(const char *place, struct state **state)
    __attribute__((__warn_unused_result__));
/* For lg_defer. */
void state_close(struct state *state);

/* ---- runs ---- */

enum { RUN_ID_SIZE = 17 };

enum run_phase {
    RUN_ACTIVE, /* its command runs, or its cleanups do; or those who should see to that have died */
    RUN_KEPT,   /* its cleanups wait until `lifoguard recover` is told to run them */
    RUN_ENDED   /* only failed and abandoned cleanups are left */
};

struct state_run {
    char id[RUN_ID_SIZE];
    int64_t epoch;
    enum run_phase phase;
    int64_t uid;
    int64_t began; /* seconds since 1970 */
    char boot[BOOT_ID_SIZE];
    /* Who sees to it: the owner writes; the runner is what the user started, and takes over if the owner dies. */
    struct process owner, runner;
    struct process command;
    const char *title; /* the command, for people */
    /* The environment in which it began, without secrets: what the cleanups' own begins with. NULL-terminated. */
    const char *const *environment;
};

/* A new run, of epoch 1. It is on disk with its first cleanup: until then, a power cut leaves nothing of it that would matter. */
lg_error *state_begin_run(struct state *state, const struct state_run *run)
    __attribute__((__warn_unused_result__));

/* Takes a run over: its epoch was `run->epoch`, and is one more from here on, in *run too; owner, runner and boot become
 * those of *run. It is active again, so that it is recovered if its new owner dies as well. &state_lost: another was faster. */
lg_error *state_take_run(struct state *state, struct state_run *run)
    __attribute__((__warn_unused_result__));

lg_error *state_set_phase(struct state *state, const struct state_run *run, enum run_phase phase)
    __attribute__((__warn_unused_result__));

/* The same as state_forget_run, of a run that has no cleanups: a power cut may bring it back. */
lg_error *state_forget_empty_run(struct state *state, const struct state_run *run)
    __attribute__((__warn_unused_result__));

/* Forgets a run, and all that it has. */
lg_error *state_forget_run(struct state *state, const struct state_run *run)
    __attribute__((__warn_unused_result__));

/* Calls `see` for each run, the oldest first, until it returns an error. What it is given lives as long as the call. */
typedef lg_error *state_see_run(const struct state_run *run, void *data);
lg_error *state_runs(struct state *state, state_see_run *see, void *data)
    __attribute__((__warn_unused_result__));

/* ---- cleanups ---- */

enum cleanup_state {
    CLEANUP_INTENDED,
    CLEANUP_HELD,
    CLEANUP_RELEASING,
    CLEANUP_RELEASED,
    CLEANUP_FAILED,
    CLEANUP_ABANDONED
};

const char *cleanup_state_name(enum cleanup_state state);

struct state_cleanup {
    int64_t sequence; /* in its run, from 1; the order of registration */
    enum cleanup_state state;
    int64_t attempt; /* the last one that was begun; 0: none */
    struct process
        attempt_by; /* who carries that attempt out; before the first: the guardian of a nested run, an `acquire`, or nobody */
    struct moment moment; /* of the registration */
    const char *detail;   /* why it failed, or was given up, and by whom; "" */
    const char *spec;     /* what to do: see spec.h */
    size_t spec_size;
};

lg_error *state_add_cleanup(struct state *state, const struct state_run *run,
                            const struct state_cleanup *cleanup)
    __attribute__((__warn_unused_result__));

/* Moves a cleanup to cleanup->state, with attempt, attempt_by and detail. One that moves to released is deleted. That it is held rather
 * than intended may be lost by a power cut. */
lg_error *state_move_cleanup(struct state *state, const struct state_run *run,
                             const struct state_cleanup *cleanup)
    __attribute__((__warn_unused_result__));

/* In the order of registration. */
typedef lg_error *state_see_cleanup(const struct state_cleanup *cleanup, void *data);
lg_error *state_cleanups(struct state *state, const char *run, state_see_cleanup *see, void *data)
    __attribute__((__warn_unused_result__));

/* ---- variables (`lifoguard set`) ---- */

lg_error *state_set_variable(struct state *state, const struct state_run *run, const char *name,
                             const char *value) __attribute__((__warn_unused_result__));
typedef lg_error *state_see_variable(const char *name, const char *value, void *data);
lg_error *state_variables(struct state *state, const char *run, state_see_variable *see, void *data)
    __attribute__((__warn_unused_result__));

/* ---- several writes as one ---- */

/* What is written between these two comes to disk as a whole or not at all. If a write between them failed, state_commit
 * takes all back, and returns an error. */
lg_error *state_start(struct state *state) __attribute__((__warn_unused_result__));
lg_error *state_commit(struct state *state) __attribute__((__warn_unused_result__));

#endif
