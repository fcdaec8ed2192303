/* Carrying a cleanup out, in the command of a run: as often as it is to be tried (R6), each attempt in a process that outlives this one
 * (guardian/attempt.h), and with what became of it on record. */
#ifndef LIFOGUARD_RELEASE_CARRY_H
#define LIFOGUARD_RELEASE_CARRY_H

#include "attempt.h"
#include "facts.h"
#include "holder.h"

struct carry_hooks {
    /* The environment of an attempt, which lives until the next call: what the cleanup is told is in it (R5), of which `facts` has what
     * concerns the attempt. With `plain`, all of it was too large for a command: see carry_mentions. */
    const char *const *(*environment)(void *data, struct cleanup_facts facts, bool plain);
    /* Waits until a child has ended, or the deadline has come (of lg_now; 0: none). It may return sooner. */
    void (*wait)(void *data, lg_time deadline);
    /* There will be another attempt, after the pause. */
    void (*again)(void *data, const struct carry *carry, enum again again, lg_duration pause);
};

struct carry {
    struct holder *holder;
    int64_t sequence; /* the guardian's number of the cleanup; 0: it is not on disk */
    int64_t attempts; /* that were made */
    const char *const *arguments;
    const char *directory;
    struct identity identity; /* of the directory, at the registration */
    mode_t umask;
    lg_duration timeout, grace; /* of each attempt; timeout 0: none */
    int64_t retries;
    int output[2];    /* become its standard output and error; 0: it has ours */
    bool empty_input; /* also if the input is a terminal */
    const struct carry_hooks *hooks;
    void *data;
    struct attempt_result result; /* of the last attempt; */
    char text[ATTEMPT_TEXT_SIZE]; /* likewise, for people */
    /* The rest is carry.c's. */
    struct attempt attempt;
    bool orphaned;
    struct carry *next;
};

/* False: it is not ours to carry out any more. A result of ATTEMPT_LOST: the cleanup is left to the guardian, which sees to what became
 * of it. */
bool carry_out(struct carry *carry);

/* Whether a cleanup's command has the name of a variable in it, or the run began with that assignment: then its plain environment has it. */
bool carry_mentions(const char *text, const char *assignment, const char *const *first);

/* A signal asks for the end of those that run: SIGTERM, or SIGKILL at once. They are not tried again. */
void holder_end_running(struct holder *holder);
void holder_kill_running(struct holder *holder);

/* Passes SIGWINCH on to their commands, which do not hear of it in the background. */
void holder_tell_size(const struct holder *holder);

#endif
