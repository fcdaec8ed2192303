/* The state of a running graph, which the rooms of the engine share.
 *
 * Everything here runs on one worker thread, a goroutine for each job: so what one goroutine changes between two waits,
 * no other one sees half done, and there are no locks. Only requests to the guardian are made on helper threads (release/holder.c). */
#ifndef LIFOGUARD_GRAPH_WORK_H
#define LIFOGUARD_GRAPH_WORK_H

#include "buffer.h"
#include "engine.h"
#include "event.h"
#include "holder.h"
#include "job.h"
#include "news.h"
#include "output.h"
#include "stream.h"

#include <lifoguard/lifoguard.h>
#include <stdint.h>

enum job_state {
    JOB_WAITING,
    JOB_RUNNING,
    JOB_READY, /* a service */
    JOB_OK,
    JOB_FAILED,
    JOB_SKIPPED,  /* since something that it needs has failed */
    JOB_CANCELLED /* since the run was stopped */
};

/* A registered `defer`. */
struct release {
    struct release *older;
    const struct deferred *deferred;
    struct work *work;
    int64_t sequence;         /* the guardian's number of it; 0: none */
    size_t number;            /* for people */
    struct words environment; /* as it was when it was registered (D2) */
    const char *directory;
    struct identity identity; /* of this directory */
    bool intended; /* not confirmed yet: nobody knows whether there is anything to release */
};

/* A command that runs. */
struct task {
    struct task *next;
    struct work *work;
    const char *text;
    bool by_itself; /* no stop of the run reaches it: a service, a hook */
    bool lasts;     /* a service: cleanups that the guardian runs may need it */
    bool is_to_end; /* likewise */
    bool quiet;     /* no events */
    struct job job;
    struct stream *stream;
};

struct work {
    struct engine *engine;
    struct graph_job *job; /* NULL: the run itself, for its own cleanups */
    const char *name;
    enum job_state state;
    bool has_goroutine;     /* which may wait for a stack */
    bool has_begun;         /* the goroutine has; or the job has ended without it */
    bool tried;             /* its commands have begun */
    bool pass_has_run;      /* a command of the pass was started */
    bool unknown;           /* one was made to end: nobody knows how far it came */
    bool is_going;          /* a service that is to run on */
    bool has_slot;          /* one of its commands may run */
    size_t needs_left;      /* that are not settled yet */
    lg_chan(char) finished; /* closed when the cleanups have run */
    struct words exports;   /* of LIFOGUARD_ENV, and those of what it needs */
    const char *exports_path;
    struct release *releases; /* the newest first */
    struct task *service;
    bool service_is_watched;    /* somebody waits for its end */
    lg_chan(char) service_over; /* closed when it has ended */
    int locks[16];
    size_t lock_count;
    lg_duration began, took; /* of its commands; `began` since the run began */
    char *error;             /* why it failed; NULL */
    int exit_status;         /* of the command that failed */
};

enum stop_cause { STOP_NOT, STOP_FAILURE, STOP_SIGNAL, STOP_TIMEOUT, STOP_LOST };

struct slots;

struct engine {
    struct graph *graph;
    const struct engine_options *options;
    const struct birth *birth;
    const char *place;
    struct words environment; /* of this process */
    struct arena *arena;
    struct slots *slots;
    struct holder holder; /* of the cleanups */
    struct news news;
    lg_time began;
    mode_t umask;
    lg_context *going; /* cancelled when the run is stopped */
    enum stop_cause cause;
    int signal;        /* of STOP_SIGNAL */
    int status;        /* RUN_OK, or what came first */
    char why[128];     /* what failed first, as text */
    int first_failure; /* exit status of the first job that failed; 0: none */
    lg_time
        warned;  /* when it was said that a further signal ends the cleanups that run; 0: not yet */
    bool forced; /* by SIGQUIT: no cleanup is started either */
    bool gave_up;                     /* the guardian carries out the cleanups that are left */
    bool over;                        /* nothing is left to be done */
    lg_group *group;                  /* of the jobs that have started */
    lg_chan(struct work *) startable; /* those for which there is a slot next */
    size_t not_started;
    struct work *works; /* in the order of the graph's jobs */
    struct work whole;  /* the run itself */
    struct task *tasks;
    struct streams streams;
    struct record record;
    struct sink *live;      /* one of its sinks, or NULL */
    const char **job_names; /* those that are wanted; ends in NULL */
    size_t jobs_ok, jobs_failed, jobs_skipped, cleanups_ok, cleanups_failed, cleanup_count;
};

/* ---- events (tell.c) ---- */

/* What a command or a cleanup of a job prints is to be told. */
struct output work_output(struct work *work);
void tell(struct engine *engine, struct event event);
void tell_work(struct work *work, enum event_kind kind, const char *text, const char *result,
               lg_duration took);
lg_duration engine_at(const struct engine *engine);

/* ---- stopping (stop.c) ---- */

/* No further job begins; commands are asked to end. The first cause stays. */
void engine_stop(struct engine *engine, enum stop_cause cause, int number);
static inline bool engine_is_stopping(const struct engine *engine)
{
    return engine->cause != STOP_NOT;
}
/* A job has failed; `why`: "exit status 3". */
void engine_failed(struct engine *engine, int exit_status, const char *why);
/* A cleanup, or a command that follows a job: that stops nothing. */
void engine_failed_aside(struct engine *engine, const char *why);
/* Why the run does not succeed, if it does not. */
const char *engine_cause(const struct engine *engine);
/* Does what a signal asks for; `data` is the engine. */
void engine_on_signal(void *data, int number);
/* Stops the run when its time is over. */
void engine_watch_time(struct engine *engine);
/* "success", "failure", "cancelled", "timeout" */
const char *engine_outcome(const struct engine *engine);

/* ---- starting jobs (start.c) ---- */

/* Starts jobs, as members of the group; returns when all have started. */
void works_start(struct engine *engine, lg_group *group);
/* This one is settled: starts those that have waited for it last. */
void works_start_after(const struct work *work);

/* ---- slots (slots.c) ---- */

struct slots *slots_new(struct engine *engine);
void slots_free(struct slots *slots);
/* False: the run was stopped meanwhile. */
bool slots_take(struct engine *engine);
void slots_give(struct engine *engine);

/* ---- environment and start of a command (spawn.c) ---- */

/* What the commands of a job have in their environment; `pass` is the value of its variable, or NULL. */
struct words work_environment(struct work *work, const char *pass);
const char *work_directory(const struct work *work);
/* The words that run `text` with the job's shell; with `strict`, an unset variable is an error. */
const char *const *work_arguments(struct work *work, const char *text, bool strict);
/* Starts the command of a task, its output going to the descriptor `output`: the program and its arguments or, if these are NULL,
 * task->text with the job's shell. */
lg_error *spawn(struct task *task, const char *const *arguments, const struct words *environment,
                int output, lg_duration limit) __attribute__((__warn_unused_result__));

/* ---- commands (task.c) ---- */

/* `arguments` NULL: task->text with the job's shell. */
lg_error *task_start(struct task *task, const char *const *arguments,
                     const struct words *environment, lg_duration limit)
    __attribute__((__warn_unused_result__));
/* Until it has ended, and what it left in its group if it was made to. */
void task_await(struct task *task);
/* Asks it to end. */
void task_ask(struct task *task, int number);
/* What a cleanup of the job prints is told. `*input` is for the cleanup, and to be closed; NULL: it prints where this process does. */
struct tail *work_open_tail(struct work *work, int *input);
/* Tells what is left of its output, and forgets it. */
void task_finish(struct task *task);
/* All of it for a command of the job: its result as events. NULL: it succeeded. */
lg_error *task_run(struct task *task, const struct words *environment, lg_duration limit)
    __attribute__((__warn_unused_result__));
/* Ends the processes that carry the job's mark. */
void work_end_leftovers(struct work *work);
void engine_end_leftovers(struct engine *engine);

/* ---- the commands of a job (steps.c) ---- */

/* Takes over what the jobs that it needs have put into LIFOGUARD_ENV. */
void work_inherit_exports(struct work *work);
/* Runs its steps or starts its service, as often as it may be tried. */
lg_error *work_try(struct work *work) __attribute__((__warn_unused_result__));
/* `on_success` or `on_failure`. */
void work_run_hooks(struct work *work, const struct words *hooks);

/* ---- a job's life (live.c is the view; this is job_life.c) ---- */

static inline bool work_is_good(const struct work *work)
{
    return work->state == JOB_OK || work->state == JOB_READY;
}

/* A goroutine's function. */
void work_live(struct work *work);
/* Instead of that: it has ended before it could begin, as memory is short, or the run is stopped. */
void work_end_unbegun(struct work *work);

/* ---- cleanups (release.c) ---- */

/* Puts them on disk as intended, before what they release is acquired. */
lg_error *releases_intend(struct work *work, const struct deferreds *defers,
                          const struct words *environment) __attribute__((__warn_unused_result__));
/* What became of that, for `newest` and all that are older, but for `since` and what is older than that: acquired, perhaps with
 * more in the environment; not acquired. */
lg_error *releases_confirm(struct release *newest, const struct release *since,
                           const struct words *environment) __attribute__((__warn_unused_result__));
void releases_withdraw(struct work *work, const struct release *since);
/* Carries out all that came after `since`, the newest first. */
void releases_run(struct work *work, const struct release *since);
/* ---- services (service.c) ---- */

/* Starts it, and waits until it is ready. */
lg_error *service_start(struct work *work) __attribute__((__warn_unused_result__));
/* An error if it has ended by itself meanwhile. */
lg_error *service_error(const struct work *work) __attribute__((__warn_unused_result__));
/* Ends it. */
void service_stop(struct work *work);
/* Until it ends by itself, or the run is stopped. */
void service_wait(struct work *work);

#endif
