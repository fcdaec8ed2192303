/* The life of a job: it waits for what it needs, runs, lets those that need it run, and cleans up when all of them are over. */
#define _GNU_SOURCE
#include "buffer.h"
#include "lock.h"
#include "message.h"
#include "status.h"
#include "work.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- before ---- */

static struct work *work_of(const struct graph_job *job)
{
    return job->work;
}

static void set_error(struct work *work, const char *before, const char *what)
{
    struct buffer text = {0};
    buffer_format(&text, "%s%s", before, what);
    free(work->error);
    work->error = text.text;
}

/* The first need that is not met, or NULL. */
static const struct work *missing_need(const struct work *work)
{
    for (size_t i = 0; i < work->job->need_count; i++) {
        const struct work *need = work_of(work->job->needs[i].job);
        if (!work_is_good(need))
            return need;
    }
    return NULL;
}

static lg_error *take_lock(struct work *work, const char *name)
{
    int fd;
    lg_error *err = lock_open(work->engine->place, name, &fd);
    if (err)
        return err;
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    work->locks[work->lock_count++] = fd;
    bool told = false;
    while (!err && !lock_try(fd, &err)) {
        if (!told)
            print_message("%s: waiting for the lock %s", work->name, name);
        told = true;
        err = lg_sleep_until(20 * LG_MILLISECOND, lg_until_context(work->engine->going));
    }
    return err;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* In the order of their names, so that two jobs with two locks do not wait for each other. */
static lg_error *take_locks(struct work *work)
{
    const struct words *locks = &work->job->locks;
    if (locks->count > 1)
        qsort(locks->items, locks->count, sizeof(*locks->items), compare_texts);
    lg_error *err = NULL;
    for (size_t i = 0; i < locks->count && !err; i++)
        err = take_lock(work, locks->items[i]);
    return err;
}

static void give_locks(struct work *work)
{
    while (work->lock_count)
        close(work->locks[--work->lock_count]);
}

/* ---- a job's result ---- */

static void settle_as(struct work *work, enum job_state state, enum event_kind kind)
{
    struct engine *engine = work->engine;
    work->state = state;
    work->took = work->tried ? engine_at(engine) - work->began : -1;
    engine->jobs_ok += work_is_good(work);
    engine->jobs_failed += state == JOB_FAILED;
    engine->jobs_skipped += state == JOB_SKIPPED || state == JOB_CANCELLED;
    tell_work(work, kind, NULL, work->error, work->took);
}

static void settle(struct work *work, enum job_state state)
{
    static const enum event_kind kinds[] = {[JOB_READY] = EVENT_READY,
                                            [JOB_OK] = EVENT_JOB_OK,
                                            [JOB_FAILED] = EVENT_JOB_FAILED,
                                            [JOB_SKIPPED] = EVENT_JOB_SKIPPED,
                                            [JOB_CANCELLED] = EVENT_JOB_CANCELLED};
    settle_as(work, state, kinds[state]);
}

/* Only the exit status of an `if` is an answer. One that was ended, or that could not be started, is an error: the job may be needed. So
 * is what a shell says of the commands in it: 126 and 127 of one that cannot be executed or is not found, 128 and more of one that a
 * signal has ended. */
static bool is_no_answer(const struct task *task)
{
    return task->job.code != CLD_EXITED || task->job.timed_out ||
           task->job.status >= EXIT_NOT_EXECUTABLE;
}

static lg_error *ask_condition(struct work *work, bool *holds)
{
    *holds = true;
    if (!work->job->condition)
        return NULL;
    struct words environment = work_environment(work, NULL);
    struct task task = {.work = work, .text = work->job->condition, .quiet = true};
    lg_error *err = task_run(&task, &environment, work->job->timeout);
    *holds = !err;
    if (err && is_no_answer(&task))
        return lg_error_wrap(err, "if");
    lg_error_free(err);
    return NULL;
}

/* Those that need it run. */
static void pass_over(struct work *work)
{
    work->exit_status = 0;
    set_error(work, "", "its condition does not hold");
    settle_as(work, JOB_OK, EVENT_JOB_SKIPPED);
}

static void succeed(struct work *work)
{
    work->exit_status = 0;
    settle(work, job_is_service(work->job) ? JOB_READY : JOB_OK);
    work_run_hooks(work, &work->job->on_success);
}

static void run_job(struct work *work)
{
    struct engine *engine = work->engine;
    work->state = JOB_RUNNING;
    work->tried = true;
    work->began = engine_at(engine);
    work_inherit_exports(work);
    bool holds;
    lg_error *err = ask_condition(work, &holds);
    if (!err && holds)
        err = work_try(work);
    if (!err && holds) {
        succeed(work);
        return;
    }
    if (!err && !engine_is_stopping(engine)) {
        pass_over(work);
        return;
    }
    char *text = lg_error_text(err);
    set_error(work, "", err ? text ? text : "out of memory" : "stopped");
    free(text);
    lg_error_free(err);
    /* What was made to end has not failed: what made it end is the reason. */
    if (engine_is_stopping(engine)) {
        settle(work, JOB_CANCELLED);
        return;
    }
    int status = work->exit_status ? work->exit_status : 1;
    settle(work, JOB_FAILED);
    engine_failed(engine, status, work->error);
    work_run_hooks(work, &work->job->on_failure);
    work->exit_status = status;
}

static void begin(struct work *work)
{
    struct engine *engine = work->engine;
    const struct work *missing = missing_need(work);
    if (engine_is_stopping(engine)) {
        settle(work, JOB_CANCELLED);
        return;
    }
    if (missing) {
        set_error(work, "it needs ", missing->name);
        settle(work, JOB_SKIPPED);
        return;
    }
    lg_error *err = take_locks(work);
    if (!err && work->job->step_count && !work->has_slot)
        work->has_slot = slots_take(engine);
    bool may_run = !err && (work->has_slot || !work->job->step_count);
    if (may_run && !engine_is_stopping(engine)) {
        run_job(work);
    } else if (err && !engine_is_stopping(engine)) {
        char *text = lg_error_text(err);
        set_error(work, "", text ? text : "out of memory");
        free(text);
        settle(work, JOB_FAILED);
        engine_failed(engine, 1, work->error);
    } else {
        settle(work, JOB_CANCELLED);
    }
    lg_error_free(err);
}

static void leave_to_others(struct work *work)
{
    if (work->has_slot)
        slots_give(work->engine);
    works_start_after(work);
}

/* ---- after ---- */

/* Nothing interrupts this: when the run is stopped, they are soon over. */
static void await_dependants(struct work *work)
{
    for (size_t i = 0; i < work->job->dependant_count; i++)
        if (work->job->dependants[i]->wanted)
            lg_chan_recv(work_of(work->job->dependants[i])->finished, NULL);
}

static void clean_up(struct work *work)
{
    if (work->engine->options->keep)
        return;
    service_stop(work);
    if (work->tried && work->state != JOB_OK)
        work_end_leftovers(work);
    releases_run(work, NULL);
    if (work->tried)
        work_end_leftovers(work);
}

static void finish(struct work *work)
{
    lg_defer(lg_chan_close, work->finished);
    give_locks(work);
    if (work->tried)
        tell_work(work, EVENT_FINISHED, NULL, NULL, -1);
}

/* Memory is too short for the cleanups, say. The guardian has them on disk, and runs those that are left, in their order, when this
 * process has ended: so no job runs any more of them here. */
static void leave_to_guardian(struct work *work, lg_error *err)
{
    work->engine->gave_up = true;
    engine_stop(work->engine, STOP_LOST, 0);
    message_error(err);
    print_message("%s: the guardian runs the cleanups that are left", work->name);
}

/* In its turn also if a panic has left the job, as for want of memory: what the others have acquired before is released after it. */
static void clean_up_in_order(struct work *work)
{
    await_dependants(work);
    lg_error *err = lg_call_contained(clean_up, work);
    if (err)
        lg_error_free(lg_call_contained(leave_to_guardian, work, err));
}

/* Its commands cannot go on, for want of memory, say. That ends the run as any failure does. */
static void fail(struct work *work, const char *why)
{
    lg_defer(engine_failed, work->engine, RUN_FAILED, why); /* also if telling fails */
    if (work->state != JOB_WAITING && work->state != JOB_RUNNING)
        return;
    free(work->error);
    work->error = strdup(why); /* NULL: out of memory */
    settle(work, JOB_FAILED);
}

/* What no panic leaves. */
static void begin_contained(struct work *work)
{
    lg_error *err = lg_call_contained(begin, work);
    if (!err)
        return;
    memory_be_patient(MEMORY_PATIENCE_BRIEF_S * LG_SECOND);
    lg_error_free(lg_call_contained(fail, work, lg_error_message(err)));
    lg_error_free(err);
}

void work_live(struct work *work)
{
    if (work->has_begun)
        return;
    work->has_begun = true;
    lg_defer(finish, work);
    lg_defer(clean_up_in_order, work);
    {
        lg_defer(leave_to_others, work);
        begin_contained(work);
    }
    if (work->job->wait && work->state == JOB_READY)
        service_wait(work);
}

static void settle_unbegun(struct work *work)
{
    if (engine_is_stopping(work->engine))
        settle(work, JOB_CANCELLED);
    else
        fail(work, "memory or threads are too short to begin the job");
}

void work_end_unbegun(struct work *work)
{
    work->has_begun = true;
    lg_error_free(lg_call_contained(settle_unbegun, work));
    leave_to_others(work);
    lg_chan_close(work->finished);
}
