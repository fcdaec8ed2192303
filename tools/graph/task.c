/* Running a command of a job to its end. How it is made to end, and what it leaves, is as in tools/run. */
#define _GNU_SOURCE
#include "ending.h"
#include "process.h"
#include "say.h"
#include "signals.h"
#include "tail.h"
#include "work.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const lg_duration look_again = 50 * LG_MILLISECOND;

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
    struct output *output = need_memory(NULL, sizeof *output);
    *output = work_output(work);
    return (struct stream_taker){take_output, end_output, output};
}

/* A service may be needed by cleanups that the guardian runs. */
static lg_error *open_stream(struct task *task, int *input)
{
    const struct stream_taker taker = new_taker(task->work);
    lg_error *err = stream_open(&task->work->engine->streams, &taker, task->stop != NULL,
                                &task->stream, input);
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

lg_error *task_start(struct task *task, const char *const *arguments,
                     const struct words *environment, lg_duration limit)
{
    struct work *work = task->work;
    int input;
    lg_error *err = open_stream(task, &input);
    if (err)
        return err;
    pid_t pid;
    lg_time before = lg_now();
    err = spawn(work, task->text, arguments, environment, input, &pid);
    close(input);
    if (err) {
        stream_leave(task->stream);
        task->stream = NULL;
        return err;
    }
    const struct job_options options = {
        .limit = limit, .grace = work->job ? graph_grace_of(work->job) : 10 * LG_SECOND};
    job_begun(&task->job, pid, options);
    task->job.started = before; /* the command may have run for a while by now */
    enlist(task);
    return NULL;
}

void task_ask(struct task *task, int number)
{
    job_begin(&task->job, JOB_ASKED, number, task->job.grace);
}

static const lg_context *stop_of(const struct task *task)
{
    if (task->stop)
        return task->stop;
    return task->by_itself ? lg_context_background() : task->work->engine->going;
}

static bool is_to_stop(const struct task *task)
{
    return task->job.step == JOB_RUNS && lg_context_error(stop_of(task)) != NULL;
}

/* Until something may have happened. */
static void wait_for_it(const struct task *task, int pidfd)
{
    const struct job *job = &task->job;
    if (job->ended || pidfd < 0) {
        lg_sleep(job->ended ? 5 * LG_MILLISECOND : look_again);
        return;
    }
    bool runs = job->step == JOB_RUNS;
    lg_until until = runs ? lg_until_context(stop_of(task)) : lg_until_timeout(look_again);
    if (job->deadline)
        until = lg_until_within(until, job->deadline - lg_now());
    lg_error_free(lg_poll(pidfd, POLLIN, until, NULL));
}

void task_await(struct task *task)
{
    struct job *job = &task->job;
    int pidfd = (int)syscall(SYS_pidfd_open, job->pid, 0);
    while (!job_is_over(job)) {
        if (is_to_stop(task))
            task_ask(task, task->work->engine->signal ? task->work->engine->signal : SIGTERM);
        else if (job_times_out(job))
            say("%s: not ended within its time limit: SIGTERM", task->work->name);
        else if (job->deadline != 0 && lg_now() >= job->deadline)
            job_press(job, SIGTERM);
        else
            wait_for_it(task, pidfd);
    }
    if (pidfd >= 0)
        close(pidfd);
    delist(task);
    /* Ctrl-C ends a command that has not left our process group yet, and that must not count as a failure of its own. */
    if (job->code != CLD_EXITED)
        engine_look_for_signals(task->work->engine);
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
        work->exit_status = task->job.timed_out            ? 124
                            : task->job.code == CLD_EXITED ? task->job.status
                                                           : 128 + task->job.status;
    return err;
}

/* ---- what commands leave running ---- */

static bool has_mark(pid_t pid, const void *mark)
{
    return process_has(pid, mark);
}

static void end_all(struct ending *ending, lg_duration grace)
{
    ending_step(ending, SIGTERM, grace);
    while (ending_look(ending) > 0) {
        if (lg_now() >= ending->until && !ending_press(ending, grace)) {
            say("processes are left that outlive SIGKILL");
            break;
        }
        lg_sleep(5 * LG_MILLISECOND);
    }
    ending_free(ending);
}

void work_end_leftovers(struct work *work)
{
    struct buffer mark = {0};
    lg_defer(buffer_free, &mark);
    buffer_format(&mark, "LIFOGUARD_JOB=%s", work->name);
    struct ending ending = {.everything = true, .chooses = has_mark, .data = mark.text};
    end_all(&ending, graph_grace_of(work->job));
}

void engine_end_leftovers(struct engine *engine)
{
    (void)engine;
    struct ending ending = {.everything = true};
    end_all(&ending, 10 * LG_SECOND);
}
