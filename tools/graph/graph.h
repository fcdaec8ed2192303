/* A graph of jobs, as the files say it. */
#ifndef LIFOGUARD_GRAPH_GRAPH_H
#define LIFOGUARD_GRAPH_GRAPH_H

#include "arena.h"
#include "facts.h"
#include "problem.h"

#include <lifoguard/error.h>
#include <lifoguard/time.h>
#include <stdbool.h>
#include <stddef.h>

struct words {
    const char **items; /* ends in NULL */
    size_t count;
};

/* Sets a variable in a list of assignments. */
void words_assign(struct arena *arena, struct words *words, const char *name, const char *value);
void words_add(struct arena *arena, struct words *words, const char *text);

/* One `defer`. */
struct deferred {
    struct place_in_file at;
    const char *text;
    enum cleanup_when when;
    lg_duration timeout, grace; /* timeout 0: none */
    long retries;
};

struct deferreds {
    struct deferred *items;
    size_t count;
};

/* One command of `run`, and what it defers. */
struct step {
    struct place_in_file at;
    const char *text;
    struct deferreds defers;
};

enum ready_kind { READY_NOT, READY_RUN, READY_TCP, READY_FILE, READY_HTTP };

struct ready {
    struct place_in_file at;
    enum ready_kind kind; /* READY_NOT: not a service */
    const char *what;
    lg_duration timeout;
};

/* What a file says for all its jobs. */
struct file_scope {
    const char *path; /* as it was given */
    const char *absolute;
    const char *folder; /* that the file stands in: env_file and include are relative to it */
    struct words environment;
    const char *directory, *shell; /* NULL: not said */
    lg_duration grace;             /* negative: not said */
};

struct graph_job;

struct need {
    struct place_in_file at;
    const char *name;
    struct graph_job *job;
};

struct graph_job {
    struct place_in_file at;
    const char *name;
    const struct file_scope *scope;
    struct step *steps;
    size_t step_count;
    struct deferreds defers; /* of the whole job */
    struct need *needs;
    size_t need_count;
    lg_duration timeout, grace; /* timeout 0: none; grace negative: not said */
    long retries;
    struct words environment, args, locks, on_failure, on_success;
    bool has_args;
    const char *directory, *shell, *condition;
    struct place_in_file condition_at;
    struct ready ready;
    bool wait;
    struct place_in_file wait_at, for_at;
    const char *variable; /* of `for`; NULL: no `for` */
    struct words passes;
    bool unread; /* what is wrong with it is told already */

    /* Set by graph_check. */
    struct graph_job **dependants;
    size_t dependant_count;
    size_t number; /* in the order in which they could run, from 0 */
    int mark;
    bool wanted;

    struct work *work; /* the engine's */
};

struct graph {
    struct arena arena;
    struct problems problems;
    const char *path; /* of the file that was asked for */
    struct graph_job *
        *jobs; /* in the order of the files; after graph_check, in one in which they could run */
    size_t count, room;
    struct deferreds defers; /* of the run */
    const struct file_scope *defers_scope;
    struct file_scope *scopes[256];
    size_t scope_count;
    lg_duration timeout; /* of the run; 0: none */
};

/* For lg_defer. */
void graph_free(struct graph *graph);

/* Reads a file and what it includes; - is standard input. What is wrong is in graph->problems. */
void graph_read(struct graph *graph, const char *path);

/* Finds the needs, refuses cycles and what does not fit together, and puts the jobs in order. */
void graph_check(struct graph *graph);

/* Runs `sh -n` over all commands. An error: for want of processes, memory or descriptors that could not be done. */
lg_error *graph_check_syntax(struct graph *graph) __attribute__((__warn_unused_result__));

struct graph_job *graph_find(const struct graph *graph, const char *name);

/* Only these jobs, and what they need, are wanted; none: all. Jobs that are not known are problems. */
void graph_select(struct graph *graph, const struct words *names);

/* Which of some names is meant by a misspelt one; NULL: none is near. */
const char *nearest(const char *name, const char *const *names, size_t count);

const char *graph_shell_of(const struct graph_job *job);
lg_duration graph_grace_of(const struct graph_job *job);
static inline bool job_is_service(const struct graph_job *job)
{
    return job->ready.kind != READY_NOT;
}

#endif
