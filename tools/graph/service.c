/* Jobs with `ready`: a command that stays up for the jobs that need it. */
#define _GNU_SOURCE
#include "failed.h"
#include "message.h"
#include "work.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- its own goroutine ---- */

static bool ended_well(const struct work *work)
{
    const struct job *job = &work->service->job;
    return work->job->wait && job_succeeded(job);
}

/* One that ends while it is needed has failed, whatever its exit status; except that the one for which the run is may end. */
static void judge(struct work *work)
{
    char text[JOB_TEXT_SIZE];
    struct task *task = work->service;
    job_result(&task->job, text);
    bool expected = !work->is_going || engine_is_stopping(work->engine);
    bool good = expected || ended_well(work);
    tell_work(work, good ? EVENT_ENDED : EVENT_FAILED, task->text, text, task->job.took);
    work->is_going = false;
    if (good)
        return;
    work->exit_status = job_exit_status(&task->job);
    if (work->state != JOB_READY)
        return; /* service_start tells it */
    work->state = JOB_FAILED;
    free(work->error);
    work->error = NULL;
    if (asprintf(&work->error, "the service has ended by itself: %s", text) < 0)
        work->error = NULL;
    tell_work(work, EVENT_JOB_FAILED, NULL, work->error, -1);
    engine_failed(work->engine, work->exit_status ? work->exit_status : 1, work->error);
}

lg_error *service_error(const struct work *work)
{
    char text[JOB_TEXT_SIZE];
    if (work->is_going || !work->service->job.ended || ended_well(work))
        return NULL;
    return lg_error_newf("the service has ended by itself: %s",
                         job_result(&work->service->job, text));
}

static void watch(struct work *work)
{
    if (work->service_is_watched)
        return;
    work->service_is_watched = true;
    lg_defer(lg_chan_close, work->service_over);
    task_await(work->service);
    judge(work);
    task_finish(work->service);
}

FAILED_STARTS(watch, struct work *)

/* By a goroutine; if there is no memory for its stack, here. */
static void await_end(struct work *work)
{
    if (work->service_is_watched)
        lg_chan_recv(work->service_over, NULL);
    else
        watch(work);
}

static void ask_to_end(struct work *work)
{
    work->is_going = false;
    work->service->is_to_end = true;
    news_tell(&work->engine->news);
}

/* ---- readiness ---- */

enum { PROCESS_HAS_ENDED = 1 }; /* the exit status of `lifoguard wait-for --pid` */

/* `lifoguard wait-for` does it. */
static const char *const *ready_arguments(struct work *work)
{
    const struct ready *ready = &work->job->ready;
    struct arena *arena = work->engine->arena;
    static const char *const options[] = {"", "--", "--tcp", "--file", "--http"};
    char limit[LG_DURATION_TEXT_SIZE];
    lg_duration_format(ready->timeout, limit, sizeof(limit));
    struct words words = {0};
    words_add(arena, &words, "/proc/self/exe");
    words_add(arena, &words, "wait-for");
    words_add(arena, &words, "--timeout");
    words_add(arena, &words, arena_copy(arena, limit, strlen(limit)));
    words_add(arena, &words, "--pid");
    words_add(arena, &words, arena_format(arena, "%ld", (long)work->service->job.pid));
    words_add(arena, &words, options[ready->kind]);
    if (ready->kind != READY_RUN)
        words_add(arena, &words, ready->what);
    const char *const *shell = work_arguments(work, ready->what, false);
    for (; ready->kind == READY_RUN && *shell; shell++)
        words_add(arena, &words, *shell);
    return words.items;
}

static lg_error *await_ready(struct work *work, const struct words *environment)
{
    struct task task = {.work = work, .text = "ready", .quiet = true};
    const char *const *arguments = ready_arguments(work);
    lg_error *err = task_start(&task, arguments, environment, 0);
    if (err)
        return err;
    task_await(&task);
    task_finish(&task);
    if (job_succeeded(&task.job) && work->is_going)
        return NULL;
    /* wait-for has seen the end of the service; the goroutine that waits for the service is about to. */
    if (work->is_going && job_exit_status(&task.job) == PROCESS_HAS_ENDED)
        await_end(work);
    char text[DURATION_SHORT_SIZE];
    char result[JOB_TEXT_SIZE];
    if (!work->is_going)
        return lg_error_newf("the service has ended before it was ready: %s",
                             job_result(&work->service->job, result));
    if (task.job.step != JOB_RUNS)
        return lg_error_new("stopped before it was ready");
    return lg_error_newf("not ready within %s", duration_short(work->job->ready.timeout, text));
}

/* ---- */

static void forget(struct work *work)
{
    lg_chan_unref(work->service_over);
    work->service = NULL;
}

lg_error *service_start(struct work *work)
{
    const struct step *step = &work->job->steps[0];
    struct words environment = work_environment(work, NULL);
    struct task *task = arena_take(work->engine->arena, sizeof(*task));
    *task = (struct task){.work = work, .text = step->text, .by_itself = true, .lasts = true};
    work->service_over = lg_chan_make(char, 0);
    work->service_is_watched = false;
    work->service = task;
    tell_work(work, EVENT_START, step->text, NULL, -1);
    lg_error *err = task_start(task, NULL, &environment, work->job->timeout);
    if (err) {
        forget(work);
        return err;
    }
    work->is_going = true;
    err = watch_start(work);
    return err ? err : await_ready(work, &environment);
}

void service_wait(struct work *work)
{
    lg_until until = lg_until_context(work->engine->going);
    lg_error_free(lg_chan_recv_until(work->service_over, NULL, until));
}

void service_stop(struct work *work)
{
    if (!work->service)
        return;
    ask_to_end(work);
    await_end(work);
    forget(work);
}
