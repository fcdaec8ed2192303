/* The life of a job: it waits for what it needs, runs, lets those that need it run, and cleans up when all of them are over. */
#define _GNU_SOURCE
#include "buffer.h"
#include "lock.h"
#include "say.h"
#include "shell.h"
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

static bool is_good(const struct work *work)
{
    return work->state == JOB_OK || work->state == JOB_READY;
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
        if (!is_good(need))
            return need;
    }
    return NULL;
}

/* What the jobs that it needs have put into LIFOGUARD_ENV. */
static void inherit_exports(struct work *work)
{
    struct arena *arena = work->engine->arena;
    for (size_t i = 0; i < work->job->need_count; i++) {
        const struct words *from = &work_of(work->job->needs[i].job)->exports;
        for (size_t k = 0; k < from->count; k++) {
            const char *equals = strchr(from->items[k], '=');
            size_t length = (size_t)(equals - from->items[k]);
            words_assign(arena, &work->exports, arena_copy(arena, from->items[k], length),
                         equals + 1);
        }
    }
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
            say("%s: waiting for the lock %s", work->name, name);
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
        qsort(locks->items, locks->count, sizeof *locks->items, compare_texts);
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

/* ---- commands ---- */

static void assign_export(struct work *work, char *line)
{
    char *equals = strchr(line, '=');
    if (!equals || equals == line || line + shell_name_length(line) != equals) {
        if (*line)
            say("%s: not NAME=VALUE in LIFOGUARD_ENV: %s", work->name, line);
        return;
    }
    *equals = '\0';
    struct arena *arena = work->engine->arena;
    words_assign(arena, &work->exports, arena_copy(arena, line, strlen(line)),
                 arena_copy(arena, equals + 1, strlen(equals + 1)));
}

/* What commands have written there so far. */
static void read_exports(struct work *work)
{
    int fd = open(work->exports_path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    lg_defer(close, fd);
    struct buffer text = {0};
    lg_defer(buffer_free, &text);
    char bytes[4096];
    ssize_t count;
    while ((count = read(fd, bytes, sizeof bytes)) > 0)
        buffer_add(&text, bytes, (size_t)count);
    char *rest = text.text;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;)
        assign_export(work, line);
}

static void run_hooks(struct work *work, const struct words *hooks)
{
    if (!hooks->count)
        return;
    struct words environment = work_environment(work, NULL);
    words_assign(work->engine->arena, &environment, "LIFOGUARD_STATUS",
                 work->state == JOB_OK || work->state == JOB_READY ? "success" : "failure");
    words_assign(work->engine->arena, &environment, "LIFOGUARD_EXIT_CODE",
                 arena_format(work->engine->arena, "%d", work->exit_status));
    for (size_t i = 0; i < hooks->count; i++) {
        struct task task = {.work = work, .text = hooks->items[i], .by_itself = true};
        lg_error *err = task_run(&task, &environment, 10 * LG_MINUTE);
        if (err)
            engine_failed_aside(work->engine, lg_error_message(err));
        lg_error_free(err);
    }
}

/* The rest of the time that the job has. 0: no limit. */
static lg_duration time_left(const struct work *work, lg_time began)
{
    if (work->job->timeout == 0)
        return 0;
    lg_duration left = work->job->timeout - lg_since(began);
    return left > 0 ? left : 1;
}

static bool has_failed_by_itself(const struct task *task)
{
    return task->job.pid && task->job.step == JOB_RUNS && task->job.code == CLD_EXITED;
}

/* Most jobs defer nothing: then nothing is to be kept on disk, and no environment with it. */
static lg_error *intend(struct work *work, const struct deferreds *defers, const char *pass)
{
    if (!defers->count)
        return NULL;
    struct words environment = work_environment(work, pass);
    const struct release *since = work->releases;
    lg_error *err = releases_intend(work, defers, &environment);
    if (err)
        releases_withdraw(work, since);
    return err;
}

static lg_error *confirm(struct work *work, struct release *newest, const struct release *since,
                         const char *pass)
{
    if (newest == since)
        return NULL;
    struct words environment = work_environment(work, pass);
    return releases_confirm(newest, since, &environment);
}

static lg_error *run_step(struct work *work, const struct step *step, const char *pass,
                          lg_time began)
{
    const struct release *since = work->releases;
    lg_error *err = intend(work, &step->defers, pass);
    if (err)
        return err;
    struct words environment = work_environment(work, pass);
    struct task task = {.work = work, .text = step->text};
    err = task_run(&task, &environment, time_left(work, began));
    read_exports(work);
    work->pass_has_run |= task.job.pid != 0;
    if (!task.job.pid)
        releases_withdraw(work, since);
    work->unknown = err && task.job.pid && !has_failed_by_itself(&task);
    if (!work->unknown)
        lg_error_join_into(&err, confirm(work, work->releases, since, pass));
    return err;
}

static lg_error *run_pass(struct work *work, const char *pass, lg_time began)
{
    const struct release *since = work->releases;
    lg_error *err = intend(work, &work->job->defers, pass);
    if (err)
        return err;
    struct release *own = work->releases;
    work->pass_has_run = false;
    for (size_t i = 0; i < work->job->step_count && !err; i++)
        err = engine_is_stopping(work->engine) ? lg_error_new("stopped")
                                               : run_step(work, &work->job->steps[i], pass, began);
    if (err && !work->pass_has_run)
        releases_withdraw(work, since);
    else if (!work->unknown)
        lg_error_join_into(&err, confirm(work, own, since, pass));
    return err;
}

static lg_error *run_passes(struct work *work)
{
    const struct graph_job *job = work->job;
    lg_time began = lg_now();
    if (!job->variable)
        return run_pass(work, NULL, began);
    lg_error *err = NULL;
    for (size_t i = 0; i < job->passes.count && !err; i++)
        err = run_pass(work, job->passes.items[i], began);
    return err;
}

static lg_error *start_service(struct work *work)
{
    struct words environment = work_environment(work, NULL);
    const struct release *since = work->releases;
    lg_error *err = releases_intend(work, &work->job->defers, &environment);
    if (!err)
        err = service_start(work);
    if (!work->service)
        releases_withdraw(work, since);
    else if (!err)
        err = releases_confirm(work->releases, since, &environment);
    /* The disk was waited for. From here to settle, nothing is. */
    return err || !work->service ? err : service_error(work);
}

/* What a failed attempt has acquired is released, and what it left ended, before the next one. */
static void undo_attempt(struct work *work)
{
    service_stop(work);
    work_end_leftovers(work);
    releases_run(work, NULL);
}

static lg_error *try_to_run(struct work *work)
{
    lg_duration pause = 100 * LG_MILLISECOND;
    for (long tries = 0;; tries++) {
        lg_error *err = job_is_service(work->job) ? start_service(work) : run_passes(work);
        if (!err || tries >= work->job->retries || engine_is_stopping(work->engine))
            return err;
        char *text = lg_error_text(err);
        char duration[SAY_DURATION_SIZE];
        say("%s: %s; once more in %s", work->name, text ? text : "out of memory",
            say_duration(pause, duration));
        free(text);
        lg_error_free(err);
        undo_attempt(work);
        lg_error_free(lg_sleep_until(pause, lg_until_context(work->engine->going)));
        pause = pause < 10 * LG_SECOND ? 2 * pause : pause;
    }
}

/* ---- a job's result ---- */

static void settle(struct work *work, enum job_state state)
{
    static const enum event_kind kinds[] = {[JOB_READY] = EVENT_READY,
                                            [JOB_OK] = EVENT_JOB_OK,
                                            [JOB_FAILED] = EVENT_JOB_FAILED,
                                            [JOB_SKIPPED] = EVENT_JOB_SKIPPED,
                                            [JOB_CANCELLED] = EVENT_JOB_CANCELLED};
    struct engine *engine = work->engine;
    work->state = state;
    work->took = work->tried ? engine_at(engine) - work->began : -1;
    engine->jobs_ok += is_good(work);
    engine->jobs_failed += state == JOB_FAILED;
    engine->jobs_skipped += state == JOB_SKIPPED || state == JOB_CANCELLED;
    tell_work(work, kinds[state], NULL, work->error, work->took);
}

static bool condition_holds(struct work *work)
{
    if (!work->job->condition)
        return true;
    struct words environment = work_environment(work, NULL);
    struct task task = {.work = work, .text = work->job->condition, .quiet = true};
    lg_error *err = task_run(&task, &environment, work->job->timeout);
    bool holds = !err;
    lg_error_free(err);
    return holds;
}

static void run_job(struct work *work)
{
    struct engine *engine = work->engine;
    work->state = JOB_RUNNING;
    work->tried = true;
    work->began = engine_at(engine);
    inherit_exports(work);
    lg_error *err = NULL;
    if (!condition_holds(work)) {
        work->exit_status = 0;
        set_error(work, "", engine_is_stopping(engine) ? "stopped" : "its condition does not hold");
        settle(work, engine_is_stopping(engine) ? JOB_CANCELLED : JOB_OK);
        return;
    }
    err = try_to_run(work);
    if (!err) {
        work->exit_status = 0;
        settle(work, job_is_service(work->job) ? JOB_READY : JOB_OK);
        run_hooks(work, &work->job->on_success);
        return;
    }
    char *text = lg_error_text(err);
    set_error(work, "", text ? text : "out of memory");
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
    run_hooks(work, &work->job->on_failure);
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
    struct engine *engine = work->engine;
    if (engine->options->keep)
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
    give_locks(work);
    if (work->tried)
        tell_work(work, EVENT_FINISHED, NULL, NULL, -1);
    lg_chan_close(work->finished);
}

void work_live(struct work *work)
{
    lg_defer(finish, work);
    {
        lg_defer(leave_to_others, work);
        begin(work);
    }
    if (work->job->wait && work->state == JOB_READY)
        service_wait(work);
    await_dependants(work);
    clean_up(work);
}
