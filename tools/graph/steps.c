/* The commands of a job: its steps, for each pass of `for`, again if they fail; or its service. */
#define _GNU_SOURCE
#include "buffer.h"
#include "message.h"
#include "shell.h"
#include "work.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void work_inherit_exports(struct work *work)
{
    struct arena *arena = work->engine->arena;
    for (size_t i = 0; i < work->job->need_count; i++) {
        const struct words *from = &work->job->needs[i].job->work->exports;
        for (size_t k = 0; k < from->count; k++) {
            const char *equals = strchr(from->items[k], '=');
            size_t length = (size_t)(equals - from->items[k]);
            words_assign(arena, &work->exports, arena_copy(arena, from->items[k], length),
                         equals + 1);
        }
    }
}

static void assign_export(struct work *work, char *line)
{
    char *equals = strchr(line, '=');
    if (!equals || equals == line || line + shell_name_length(line) != equals) {
        if (*line)
            print_message("%s: not NAME=VALUE in LIFOGUARD_ENV: %s", work->name, line);
        return;
    }
    *equals = '\0';
    struct arena *arena = work->engine->arena;
    words_assign(arena, &work->exports, arena_copy(arena, line, strlen(line)),
                 arena_copy(arena, equals + 1, strlen(equals + 1)));
    *equals = '=';
    record_hide(&work->engine->record, line);
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
    while ((count = read(fd, bytes, sizeof(bytes))) > 0)
        buffer_add(&text, bytes, (size_t)count);
    char *rest = text.text;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;)
        assign_export(work, line);
}

void work_run_hooks(struct work *work, const struct words *hooks)
{
    if (!hooks->count)
        return;
    struct words environment = work_environment(work, NULL);
    words_assign(work->engine->arena, &environment, "LIFOGUARD_STATUS",
                 work_is_good(work) ? "success" : "failure");
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

/* The rest of the time that the job has; what lifoguard itself waits for the disk is not the job's. 0: no limit. */
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
static lg_error *intend(struct work *work, const struct deferreds *defers, const char *pass,
                        lg_time *began)
{
    if (!defers->count)
        return NULL;
    lg_time since_then = lg_now();
    struct words environment = work_environment(work, pass);
    const struct release *since = work->releases;
    lg_error *err = releases_intend(work, defers, &environment);
    if (err)
        releases_withdraw(work, since);
    *began += lg_since(since_then);
    return err;
}

static lg_error *confirm(struct work *work, struct release *newest, const struct release *since,
                         const char *pass, lg_time *began)
{
    if (newest == since)
        return NULL;
    lg_time since_then = lg_now();
    struct words environment = work_environment(work, pass);
    lg_error *err = releases_confirm(newest, since, &environment);
    *began += lg_since(since_then);
    return err;
}

static lg_error *run_step(struct work *work, const struct step *step, const char *pass,
                          lg_time *began)
{
    const struct release *since = work->releases;
    lg_error *err = intend(work, &step->defers, pass, began);
    if (err)
        return err;
    struct words environment = work_environment(work, pass);
    struct task task = {.work = work, .text = step->text};
    err = task_run(&task, &environment, time_left(work, *began));
    read_exports(work);
    work->pass_has_run |= task.job.pid != 0;
    if (!task.job.pid)
        releases_withdraw(work, since);
    work->unknown = err && task.job.pid && !has_failed_by_itself(&task);
    if (!work->unknown)
        lg_error_join_into(&err, confirm(work, work->releases, since, pass, began));
    return err;
}

static lg_error *run_pass(struct work *work, const char *pass, lg_time *began)
{
    const struct release *since = work->releases;
    lg_error *err = intend(work, &work->job->defers, pass, began);
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
        lg_error_join_into(&err, confirm(work, own, since, pass, began));
    return err;
}

static lg_error *run_passes(struct work *work)
{
    const struct graph_job *job = work->job;
    lg_time began = lg_now();
    if (!job->variable)
        return run_pass(work, NULL, &began);
    lg_error *err = NULL;
    for (size_t i = 0; i < job->passes.count && !err; i++)
        err = run_pass(work, job->passes.items[i], &began);
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

lg_error *work_try(struct work *work)
{
    lg_duration pause = 100 * LG_MILLISECOND;
    for (long tries = 0;; tries++) {
        lg_error *err = job_is_service(work->job) ? start_service(work) : run_passes(work);
        if (!err || tries >= work->job->retries || engine_is_stopping(work->engine))
            return err;
        char *text = lg_error_text(err);
        char duration[DURATION_SHORT_SIZE];
        print_message("%s: %s; tried again in %s", work->name, text ? text : "out of memory",
                      duration_short(pause, duration));
        free(text);
        lg_error_free(err);
        undo_attempt(work);
        lg_error_free(lg_sleep_until(pause, lg_until_context(work->engine->going)));
        pause = pause < 10 * LG_SECOND ? 2 * pause : pause;
    }
}
