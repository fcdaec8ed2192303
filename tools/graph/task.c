/* Running a command of a job to its end, in the one way in which commands are waited for (job/await.h). */
#define _GNU_SOURCE
#include "await.h"
#include "ending.h"
#include "message.h"
#include "process.h"
#include "tail.h"
#include "work.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static void enlist(struct task *task)
{
    struct engine *engine = task->work->engine;
    task->next = engine->tasks;
    engine->tasks = task;
}

static void delist(const struct task *task)
{
    struct task **place = &task->work->engine->tasks;
    while (*place && *place != task)
        place = &(*place)->next;
    if (*place)
        *place = task->next;
}

static bool take_output(void *output, const char *bytes, size_t count)
{
    if (count)
        output_take(output, bytes, count);
    else
        output_rest(output);
    return true;
}

static void end_output(void *data)
{
    struct output *output = data;
    output_end(output);
    free(output);
}

static struct stream_taker new_taker(struct work *work)
{
    struct output *output = need_memory(NULL, sizeof(*output));
    *output = work_output(work);
    return (struct stream_taker){take_output, end_output, output};
}

static lg_error *open_stream(struct task *task, int *input)
{
    const struct stream_taker taker = new_taker(task->work);
    lg_error *err = stream_open(&task->work->engine->streams, &taker, task->lasts, &task->stream,
                                input);
    if (err)
        end_output(taker.data);
    return err;
}

struct tail *work_open_tail(struct work *work, int *input)
{
    const struct stream_taker taker = new_taker(work);
    struct tail *tail = tail_open(&work->engine->streams, &taker, input);
    if (!tail)
        end_output(taker.data);
    return tail;
}

static lg_error *spawn_into(int input, struct task *task, const char *const *arguments,
                            const struct words *environment, lg_duration limit)
{
    lg_defer(close, input);
    return spawn(task, arguments, environment, input, limit);
}

lg_error *task_start(struct task *task, const char *const *arguments,
                     const struct words *environment, lg_duration limit)
{
    int input;
    lg_error *err = open_stream(task, &input);
    if (err)
        return err;
    err = spawn_into(input, task, arguments, environment, limit);
    if (err) {
        stream_leave(task->stream);
        task->stream = NULL;
        return err;
    }
    enlist(task);
    return NULL;
}

void task_ask(struct task *task, int number)
{
    job_begin(&task->job, JOB_ASKED, number, task->job.grace);
}

static bool is_to_stop(const struct task *task)
{
    bool stops = task->by_itself ? task->is_to_end : engine_is_stopping(task->work->engine);
    return stops && task->job.step == JOB_RUNS;
}

static void attend(void *data)
{
    struct task *task = data;
    int number = task->work->engine->signal;
    stream_help(task->stream);
    if (is_to_stop(task))
        task_ask(task, number ? number : SIGTERM);
}

static void tell_timeout(void *data)
{
    const struct task *task = data;
    print_message("%s: not ended within its time limit: SIGTERM", task->work->name);
}

void task_await(struct task *task)
{
    const struct job_watch watch = {.news = &task->work->engine->news,
                                    .attend = attend,
                                    .tell_timeout = tell_timeout,
                                    .data = task};
    lg_defer(delist, task);
    lg_defer(job_abandon, &task->job); /* if a panic leaves this */
    job_await(&task->job, &watch);
}

void task_finish(struct task *task)
{
    if (task->stream) {
        stream_drain(task->stream);
        stream_leave(task->stream);
    }
    task->stream = NULL;
}

static lg_error *result_of(const struct task *task, enum event_kind *kind)
{
    const struct job *job = &task->job;
    *kind = job_succeeded(job) ? EVENT_OK : job->step == JOB_RUNS ? EVENT_FAILED : EVENT_STOPPED;
    if (job->timed_out)
        *kind = EVENT_FAILED;
    /* The limit of the job, of which earlier commands have used some. */
    struct job shown = *job;
    if (task->work->job && task->work->job->timeout && !task->by_itself)
        shown.limit = task->work->job->timeout;
    char text[JOB_TEXT_SIZE];
    job_result(&shown, text);
    return *kind == EVENT_OK ? NULL : lg_error_newf("%s", text);
}

lg_error *task_run(struct task *task, const struct words *environment, lg_duration limit)
{
    struct work *work = task->work;
    if (!task->quiet)
        tell_work(work, EVENT_START, task->text, NULL, -1);
    lg_error *err = task_start(task, NULL, environment, limit);
    if (err) {
        char *text = lg_error_text(err);
        tell_work(work, EVENT_FAILED, task->text, text, -1);
        free(text);
        work->exit_status = 127;
        return err;
    }
    task_await(task);
    task_finish(task);
    enum event_kind kind;
    err = result_of(task, &kind);
    if (!task->quiet)
        tell_work(work, kind, task->text, err ? lg_error_message(err) : NULL, task->job.took);
    if (err)
        work->exit_status = job_exit_status(&task->job);
    return err;
}

/* ---- what commands leave running ---- */

static bool has_mark(pid_t pid, const void *mark)
{
    return process_has(pid, mark);
}

void work_end_leftovers(struct work *work)
{
    struct buffer mark = {0};
    lg_defer(buffer_free, &mark);
    buffer_format(&mark, "LIFOGUARD_JOB=%s", work->name);
    struct ending ending = {
        .whose = "a job", .everything = true, .chooses = has_mark, .data = mark.text};
    lg_duration grace = graph_grace_of(work->job);
    leftovers_end(&work->engine->news, &ending, SIGTERM, grace, grace);
}

void engine_end_leftovers(struct engine *engine)
{
    struct ending ending = {.whose = "a job", .everything = true};
    leftovers_end(&engine->news, &ending, SIGTERM, 10 * LG_SECOND, 10 * LG_SECOND);
}
