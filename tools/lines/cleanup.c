#define _GNU_SOURCE
#include "cleanup.h"

#include "await.h"
#include "background.h"
#include "buffer.h"
#include "expand.h"
#include "run/ending.h"
#include "signals.h"
#include "tries.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static void set_variable(void *data, const char *name, const char *value)
{
    (void)data;
    setenv(name, value, 1);
}

void cleanup_tell(const struct cleanup *cleanup, struct cleanup_facts facts)
{
    const struct run *run = cleanup->run;
    bool signalled = run->status > RUN_SIGNAL;
    facts.status = cleanup->unknown        ? "unknown"
                   : signalled             ? "cancelled"
                   : run->status == RUN_OK ? "success"
                                           : "failure";
    facts.exit_code = run->status;
    facts.signal = signalled ? run->status - RUN_SIGNAL : 0;
    facts.cause = signalled       ? signals_name(facts.signal)
                  : run->cause[0] ? run->cause
                                  : facts.status;
    cleanup_facts_tell(&facts, set_variable, NULL);
}

static struct job_options options_of(const struct cleanup *cleanup)
{
    const struct run *run = cleanup->run;
    return (struct job_options){.anyway = true,
                                .limit = line_limit(cleanup->line, run->cleanup_limit),
                                .grace = run_grace(run, cleanup->line),
                                .output = {cleanup->output[0], cleanup->output[1]}};
}

/* Until its process has ended, and what it left if it was made to end. */
static void await(struct cleanup *cleanup, struct job *job)
{
    struct run *run = cleanup->run;
    lg_defer(job_abandon, job);
    run_await(run, &(struct foreground){.job = job, .place = cleanup->line});
    if (job->step != JOB_RUNS)
        run_end_rest_of_line(run, job);
}

/* An error: it could not be started. */
static lg_error *carry_out(struct cleanup *cleanup, struct job *job)
{
    secret_values_set(&cleanup->secrets);
    lg_error *err = job_start(job, cleanup->command, options_of(cleanup));
    secret_values_unset(&cleanup->secrets);
    if (!err)
        await(cleanup, job);
    return err;
}

/* The process that runs the command was killed. Then the command is our child, as we adopt what has lost its parent; if it was not
 * started, another attempt may. */
static lg_error *await_orphan(struct cleanup *cleanup, struct job *job, pid_t command)
{
    siginfo_t info;
    if (command <= 0 || waitid(P_PID, (id_t)command, &info, WEXITED | WNOHANG | WNOWAIT) != 0)
        return lg_error_new_code(EAGAIN, "its attempt was killed");
    ending_disown(command);
    job_begun(job, command, options_of(cleanup));
    await(cleanup, job);
    return NULL;
}

/* It was to end, and that process with it. */
static void end_orphan(struct job *job, pid_t command)
{
    siginfo_t info = {0};
    if (command <= 0)
        return;
    kill(-command, SIGKILL);
    while (waitid(P_PID, (id_t)command, &info, WEXITED) != 0 && errno == EINTR)
        ;
    if (info.si_pid != command)
        return;
    job->code = info.si_code;
    job->status = info.si_status;
}

static void own(pid_t command)
{
    ending_reserve();
    if (command > 0)
        ending_own(command);
}

static lg_error *try_kept(struct cleanup *cleanup, struct job *job)
{
    const struct keeper *keeper = cleanup->run->keeper;
    pid_t attempt, command;
    secret_values_set(&cleanup->secrets);
    lg_error *err = keeper->begin(cleanup, &attempt, &command);
    secret_values_unset(&cleanup->secrets);
    if (err)
        return err;
    job_begun(job, attempt, options_of(cleanup));
    job->within = command;
    own(command);
    lg_defer(job_abandon, job);
    run_await(cleanup->run, &(struct foreground){.job = job, .place = cleanup->line});
    bool lost = false;
    err = job->ended ? keeper->finish(cleanup, job, &lost) : NULL;
    bool made_to_end = job->step != JOB_RUNS;
    if (lost && !made_to_end)
        err = await_orphan(cleanup, job, command);
    else if (lost)
        end_orphan(job, command);
    ending_disown(command);
    if (made_to_end)
        run_end_rest_of_line(cleanup->run, job);
    return err;
}

/* False: the cleanup is to end meanwhile. */
static bool pause_for(struct run *run, lg_duration pause)
{
    lg_time deadline = lg_now() + pause;
    while (!run->forced && !run->gives_up) {
        run_take_signals(run, NULL);
        run_look_at_backgrounds(run);
        ending_reap();
        if (lg_now() >= deadline)
            break;
        signals_wait(deadline);
    }
    return !run->forced && !run->gives_up;
}

static enum tried tried_as(const struct job *job, const lg_error *err)
{
    if (err)
        return TRIED_NOT_STARTED;
    if (job_succeeded(job))
        return TRIED_GOOD;
    return !job->ended || (job->step != JOB_RUNS && !job->timed_out) ? TRIED_ENDED : TRIED_FAILED;
}

static void say_again(const struct cleanup *cleanup, const struct job *job, enum again again,
                      int number, lg_duration pause)
{
    char result[JOB_TEXT_SIZE], duration[SAY_DURATION_SIZE];
    if (again == AGAIN_PLAIN)
        say("the variables of the file are too large for a command: this cleanup runs without them");
    else if (again == AGAIN_LATER)
        say("a cleanup cannot be started yet (%s): trying again", strerrorname_np(number));
    else if (again == AGAIN_RETRY)
        say("cleanup %zu: %s; once more in %s", cleanup->number, job_result(job, result),
            say_duration(pause, duration));
}

/* As often as it is to be tried (R6). */
static lg_error *try_all(struct cleanup *cleanup, struct job *job)
{
    struct run *run = cleanup->run;
    struct tries tries = {.retries = cleanup->line->retries, .backoff = LG_SECOND};
    run->gives_up = false;
    for (;;) {
        lg_error *err = cleanup->kept ? try_kept(cleanup, job) : carry_out(cleanup, job);
        lg_duration pause;
        int number = err ? lg_error_errno(err) : 0;
        enum again again = tries_again(&tries, tried_as(job, err), number, &pause);
        cleanup->plain = tries.plain;
        if (again == AGAIN_NOT || run->forced)
            return err;
        say_again(cleanup, job, again, number, pause);
        if (again == AGAIN_LATER)
            memory_give_back();
        if (!pause_for(run, pause))
            return err;
        lg_error_free(err);
    }
}

static void settle(struct cleanup *cleanup, const struct job *job, const lg_error *err)
{
    char result[JOB_TEXT_SIZE];
    char *text = err ? lg_error_text(err) : NULL;
    lg_defer(free, text);
    if (cleanup->kept && (err || job->ended))
        cleanup->run->keeper->settle(cleanup, !err && job_succeeded(job),
                                     err ? text : job_result(job, result));
}

static void tell(const struct cleanup *cleanup, const char *tag, enum event_kind kind,
                 const struct job *job)
{
    struct event event = line_event(cleanup->line, kind);
    event.cleanup = cleanup->number;
    if (job)
        run_tell_end(cleanup->run, tag, event, job);
    else
        run_tell(cleanup->run, tag, event);
}

static void run_it(struct cleanup *cleanup, const char *tag)
{
    struct run *run = cleanup->run;
    run->cleanups_run++;
    if (cleanup->guarded)
        cleanup->guarded->releasing = true;
    tell(cleanup, tag, EVENT_CLEANUP_START, NULL);
    if (!cleanup->kept)
        cleanup_tell(cleanup, (struct cleanup_facts){0});
    struct capture *capture = run_capture(run, cleanup->line->job, CAPTURE_CLEANUP,
                                          cleanup->output);
    struct job job = {0};
    lg_error *err = try_all(cleanup, &job);
    settle(cleanup, &job, err);
    run_captured(cleanup->output);
    run_leave_capture(run, capture);
    bool good = !err && job_succeeded(&job);
    tell(cleanup, tag, good ? EVENT_CLEANUP_OK : EVENT_CLEANUP_FAILED, &job);
    if (!good)
        run_note_cause(run, err ? lg_error_message(err) : job_result(&job, run->result));
    if (!err && !good)
        err = job_error(&job, cleanup->line->shown);
    if (err)
        run_fail(run, cleanup->line, lg_error_wrap(err, "cleanup failed"));
}

/* Whether it is meant for this outcome. */
static bool is_wanted(const struct cleanup *cleanup)
{
    bool good = cleanup->run->status == RUN_OK && !cleanup->unknown;
    return cleanup_is_wanted(cleanup->line->when, good);
}

static void drop(const struct cleanup *cleanup)
{
    if (cleanup->kept)
        cleanup->run->keeper->drop(cleanup);
}

static void skip(const struct cleanup *cleanup, const char *tag)
{
    say_event(tag, "skipped", cleanup->line->shown, NULL);
    drop(cleanup);
}

static void run_cleanup(struct cleanup *cleanup)
{
    struct run *run = cleanup->run;
    if (run->keep)
        return;
    run->cleaning = true;
    cleanup->begun = true;
    char tag[TAG_SIZE];
    snprintf(tag, sizeof tag, "[cleanup %zu]", cleanup->number);
    run_take_signals(run, NULL);
    run_look_at_backgrounds(run);
    if (!is_wanted(cleanup))
        drop(cleanup);
    else if (run->forced)
        skip(cleanup, tag);
    else
        run_it(cleanup, tag);
    cleanup->over = true;
    run_record_finished(run, cleanup->line);
}

void cleanup_free(struct cleanup *cleanup)
{
    if (cleanup->kept)
        cleanup->run->keeper->forget(cleanup);
    secret_values_free(&cleanup->secrets);
    free(cleanup->command);
    free(cleanup);
}

static const char *value_of_cleanup(const char *name, size_t length, void *data)
{
    const struct cleanup *cleanup = data;
    return run_value(name, length, cleanup->run);
}

/* What the line that is to run will change has no value yet: $! and $$. */
static const char *value_foreseen(const char *name, size_t length, void *data)
{
    return *name == '!' || *name == '$' ? NULL : value_of_cleanup(name, length, data);
}

/* The value as it is now is kept for the cleanup's environment (D2). */
static const char *secret_reference(const char *name, size_t length, const char *value, void *data)
{
    struct cleanup *cleanup = data;
    return secret_is(name, length) ? secret_keep(&cleanup->secrets, value) : NULL;
}

static lg_error *make(struct run *run, const struct line *line, variable_lookup *lookup,
                      struct cleanup **made)
{
    struct cleanup *cleanup = need_memory(NULL, sizeof *cleanup);
    *cleanup = (struct cleanup){.run = run, .line = line};
    const struct variables variables = {
        .lookup = lookup, .reference = secret_reference, .data = cleanup};
    lg_error *err = expand(line->command, EXPAND_ALL, &variables, &cleanup->command);
    *made = err ? NULL : cleanup;
    if (err)
        cleanup_free(cleanup);
    return err;
}

/* ---- before its line is run ---- */

static lg_error *keep(struct cleanup *cleanup, lg_error *(*how)(struct cleanup *cleanup))
{
    secret_values_set(&cleanup->secrets);
    lg_error *err = how(cleanup);
    secret_values_unset(&cleanup->secrets);
    return lg_error_wrap(err, "the cleanup is not on disk");
}

lg_error *cleanups_foresee(struct run *run, const struct line *line)
{
    if (!run->keeper || line->kind != LINE_JOB)
        return NULL;
    const struct line *end = run->file->lines + run->file->count;
    struct cleanup **place = &run->foreseen;
    for (const struct line *next = line + 1; next < end && next->kind == LINE_DEFER; next++) {
        struct cleanup *cleanup;
        lg_error *err = make(run, next, value_foreseen, &cleanup);
        bool later = err != NULL; /* and those below it, or the order would be another */
        lg_error_free(err);
        if (later)
            return NULL;
        *place = cleanup;
        place = &cleanup->next;
        err = keep(cleanup, run->keeper->foresee);
        if (err)
            return err;
    }
    return NULL;
}

static struct cleanup *take_foreseen(struct run *run)
{
    struct cleanup *cleanup = run->foreseen;
    run->foreseen = cleanup->next;
    cleanup->next = NULL;
    return cleanup;
}

void cleanups_forget_foreseen(struct run *run)
{
    while (run->foreseen) {
        struct cleanup *cleanup = take_foreseen(run);
        if (cleanup->kept)
            run->keeper->drop(cleanup);
        cleanup_free(cleanup);
    }
}

/* ---- registering ---- */

static void add(struct run *run, lg_scope *cleanups, struct cleanup *cleanup)
{
    cleanup->next = run->cleanups;
    cleanup->number = run->cleanups ? run->cleanups->number + 1 : 1;
    run->cleanups = cleanup;
    lg_defer_in(cleanups, run_cleanup, cleanup);
    cleanup->guarded = run->guarded;
    run->batch++;
    if (run->guarded)
        run->guarded->has_cleanup = true;
    char tag[TAG_SIZE];
    snprintf(tag, sizeof tag, "[cleanup %zu]", cleanup->number);
    tell(cleanup, tag, EVENT_DEFER, NULL);
}

/* It is carried out, by this process, also if it cannot be kept; then no further line is run. */
static lg_error *hold(struct cleanup *cleanup)
{
    const struct keeper *keeper = cleanup->run->keeper;
    return keeper ? keep(cleanup, cleanup->kept ? keeper->confirm : keeper->hold) : NULL;
}

static void stop(struct run *run, const struct line *line, lg_error *err)
{
    if (!err)
        return;
    run_fail(run, line, err);
    run->stopping = true;
}

void cleanup_register(struct run *run, lg_scope *cleanups, const struct line *line)
{
    struct cleanup *cleanup = NULL;
    if (run->foreseen && run->foreseen->line == line)
        cleanup = take_foreseen(run);
    lg_error *err = cleanup ? NULL : make(run, line, value_of_cleanup, &cleanup);
    if (!err) {
        add(run, cleanups, cleanup);
        err = hold(cleanup);
    }
    stop(run, line, err);
}

void cleanups_register_foreseen(struct run *run, lg_scope *cleanups)
{
    while (run->foreseen) {
        struct cleanup *cleanup = take_foreseen(run);
        cleanup->unknown = true;
        add(run, cleanups, cleanup);
    }
}
