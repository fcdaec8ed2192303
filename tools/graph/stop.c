/* The reasons that stop a run: a failure, a signal, the time limit. */
#define _GNU_SOURCE
#include "carry.h"
#include "message.h"
#include "signals.h"
#include "status.h"
#include "work.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

const char *engine_outcome(const struct engine *engine)
{
    switch (engine->cause) {
    case STOP_SIGNAL: return "cancelled";
    case STOP_TIMEOUT: return "timeout";
    default: return engine->status == RUN_OK ? "success" : "failure";
    }
}

static void set_status(struct engine *engine, int status)
{
    if (engine->status == RUN_OK)
        engine->status = status;
}

void engine_stop(struct engine *engine, enum stop_cause cause, int number)
{
    if (engine->cause == STOP_NOT) {
        engine->cause = cause;
        engine->signal = number;
    }
    if (cause == STOP_LOST)
        engine->cause = STOP_LOST;
    if (cause == STOP_LOST)
        engine->status = RUN_LOST;
    set_status(engine, cause == STOP_SIGNAL    ? RUN_SIGNAL + number
                       : cause == STOP_TIMEOUT ? EXIT_TIMEOUT
                                               : RUN_FAILED);
    lg_context_cancel(engine->going);
    news_tell(&engine->news);
}

static void note_why(struct engine *engine, const char *why)
{
    if (engine->status == RUN_OK)
        snprintf(engine->why, sizeof(engine->why), "%s", why ? why : "");
}

const char *engine_cause(const struct engine *engine)
{
    if (engine->cause == STOP_SIGNAL)
        return signals_name(engine->signal);
    return engine->why[0] ? engine->why : engine_outcome(engine);
}

void engine_failed(struct engine *engine, int exit_status, const char *why)
{
    note_why(engine, why);
    set_status(engine, RUN_FAILED);
    if (engine->first_failure == 0 && !engine_is_stopping(engine))
        engine->first_failure = exit_status ? exit_status : RUN_FAILED;
    if (!engine->options->keep_going && !engine_is_stopping(engine)) {
        engine_stop(engine, STOP_FAILURE, 0);
        if (engine->tasks)
            print_message("a job has failed: ending the others, then the cleanups run");
    }
}

void engine_failed_aside(struct engine *engine, const char *why)
{
    note_why(engine, why);
    set_status(engine, RUN_FAILED);
}

/* ---- signals ---- */

/* A service that runs is ended in the order of need, not by a signal to the run. */
static bool ends_in_order(const struct task *task)
{
    return task->by_itself && task->job.step == JOB_RUNS;
}

static bool some_command_runs(const struct engine *engine)
{
    for (const struct task *task = engine->tasks; task; task = task->next)
        if (!ends_in_order(task))
            return true;
    return false;
}

/* Commands that are still there after a signal, or after a failure: the next step for each. */
static void press_tasks(struct engine *engine, int number)
{
    for (struct task *task = engine->tasks; task; task = task->next)
        if (ends_in_order(task))
            continue;
        else if (task->job.step == JOB_RUNS)
            task_ask(task, number);
        else
            job_press(&task->job, number);
}

static void end_cleanups(struct engine *engine, int number)
{
    if (!engine->holder.running)
        return;
    if (!engine->warned) {
        engine->warned = lg_now();
        print_message(
            "%s: the cleanups are running; the next signal ends those that run, SIGQUIT all",
            signals_name(number));
        return;
    }
    if (lg_since(engine->warned) < SIGNALS_TIME_TO_READ)
        return;
    print_message("%s: ending the cleanups that run", signals_name(number));
    holder_end_running(&engine->holder);
}

/* SIGQUIT: the end, at once. */
static void force(struct engine *engine)
{
    print_message("SIGQUIT: the cleanups that have not run yet are left out");
    engine->forced = true;
    engine_stop(engine, STOP_SIGNAL, SIGQUIT);
    for (struct task *task = engine->tasks; task; task = task->next)
        job_begin(&task->job, JOB_KILLED, 0, LG_SECOND);
    holder_kill_running(&engine->holder);
}

void engine_on_signal(void *data, int number)
{
    struct engine *engine = data;
    if (engine->over || number == SIGWINCH)
        return;
    if (holder_is_orphan(&engine->holder))
        _exit(RUN_LOST);
    bool first = !engine_is_stopping(engine);
    bool cleaning = !some_command_runs(engine) && engine->holder.running;
    if (number == SIGQUIT) {
        force(engine);
    } else if (first && !cleaning) {
        print_message("%s: ending the jobs that run, then the cleanups run", signals_name(number));
        engine_stop(engine, STOP_SIGNAL, number);
    } else if (cleaning) {
        engine_stop(engine, STOP_SIGNAL, number);
        end_cleanups(engine, number);
    } else {
        press_tasks(engine, number);
    }
}

/* ---- time ---- */

void engine_watch_time(struct engine *engine)
{
    lg_error_free(lg_sleep_until(engine->graph->timeout, lg_until_context(engine->going)));
    if (engine_is_stopping(engine) || engine->over)
        return;
    char text[DURATION_SHORT_SIZE];
    duration_short(engine->graph->timeout, text);
    print_message(
        "the run has not ended within %s: ending the jobs that run, then the cleanups run", text);
    if (engine->status == RUN_OK)
        snprintf(engine->why, sizeof(engine->why), "not done within %s", text);
    engine_stop(engine, STOP_TIMEOUT, 0);
}
