#define _GNU_SOURCE
#include "line.h"
#include "scratch.h"

#include "background.h"
#include "buffer.h"
#include "cleanup.h"
#include "ending.h"
#include "expand.h"
#include "foreground.h"
#include "launch.h"
#include "shell.h"
#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A longer value would not fit into a command's environment. */
enum { LONGEST_VALUE = 100 * 1024 };

static void hide(const struct run *run, const char *name, const char *value)
{
    struct buffer assignment = {0};
    lg_defer(buffer_free, &assignment);
    buffer_format(&assignment, "%s=%s", name, value);
    if (run->recorder)
        run->recorder->hide(assignment.text);
}

/* What an assignment's shell wrote to its value descriptor becomes the variable. */
static lg_error *set_variable(struct run *run, const char *name, int fd)
{
    lg_func (lg_error *, err) {
        char *value = need_memory(NULL, LONGEST_VALUE + 1);
        lg_defer(free, value);
        ssize_t got = pread(fd, value, LONGEST_VALUE + 1, 0);
        if (got < 0)
            lg_return(lg_error_new_errno("reading the value"));
        if (got > LONGEST_VALUE)
            lg_return(lg_error_newf("the value is longer than %d bytes: write it to a file",
                                    LONGEST_VALUE));
        value[got] = '\0';
        if (setenv(name, value, 1) != 0)
            lg_return(lg_error_new_errno("setenv %s", name));
        hide(run, name, value);
        if (run->any_late && !secret_is(name, strlen(name)))
            lg_error_free(holder_set(&run->holder, name, value));
        lg_return(NULL);
    }
}

/* A command that holds a secret is in the environment of its shell, not in the shell's arguments. */
static lg_error *start_with(const struct run *run, struct job *job, const struct line *line,
                            const char *command, struct launch *launch,
                            const struct job_options *options)
{
    if (!secret_is_written(line->command, shell_name_length(line->command)))
        return run_start(run, line, job, command, launch, options);
    struct secret_values values = {0};
    lg_defer(secret_values_free, &values);
    const char *name = secret_keep(&values, command);
    struct buffer script = {0};
    lg_defer(buffer_free, &script);
    buffer_format(&script, "eval \"unset %s\n${%s?}\"", name, name);
    secret_values_set(&values);
    lg_error *err = run_start(run, line, job, script.text, launch, options);
    secret_values_unset(&values);
    return err;
}

static lg_error *start_line(const struct run *run, struct job *job, const struct line *line,
                            const char *command, int value, struct capture **capture)
{
    /* One that acquires is protected from Ctrl-C. */
    const struct job_options options = {
        .terminal = !line->acquires, .limit = line_limit(line, 0), .grace = run_grace(run, line)};
    struct launch launch = {.value = value};
    *capture = run_capture(run, line->job, CAPTURE_LINE, launch.output);
    lg_error *err = start_with(run, job, line, command, &launch, &options);
    run_captured(launch.output);
    return err;
}

/* Runs a command to its end. */
static lg_error *run_command(struct run *run, lg_scope *cleanups, const struct line *line,
                             const char *tag, const char *command, int value)
{
    struct job job;
    struct capture *capture = NULL;
    lg_error *err = line->acquires ? cleanups_foresee(run, line) : NULL;
    if (!err)
        err = start_line(run, &job, line, command, value, &capture);
    if (err) {
        run_leave_capture(run, capture);
        return err;
    }
    lg_defer(job_abandon, &job);
    snprintf(run->last_shell, sizeof(run->last_shell), "%ld", (long)job.pid);
    run_await(run, &(struct foreground){.job = &job, .line = line, .place = line});
    run_leave_capture(run, capture);
    bool good = job_succeeded(&job);
    int number = good || !job.had_terminal ? 0 : job_ended_by_terminal(&job);
    enum event_kind kind = good                              ? EVENT_OK
                           : job.step == JOB_RUNS && !number ? EVENT_FAILED
                                                             : EVENT_STOPPED;
    run_tell_end(run, tag, line_event(line, kind), &job);
    job_result(&job, run->result);
    if (good) {
        ending_settle();
        return NULL;
    }
    if (!number)
        run_note_failure(run, job_exit_status(&job));
    run_end_rest_of_line(run, &job);
    /* A command that a signal has ended, whoever sent it, could not release what it had acquired. */
    if (job.code != CLD_EXITED)
        cleanups_register_foreseen(run, cleanups);
    /* It had the terminal, and Ctrl-C with it. */
    if (number && run->status == RUN_OK) {
        print_message("%s from the terminal: %s has ended, now the cleanups run",
                      signals_name(number), line->place);
        run->stopping = true;
        run_set_status(run, RUN_SIGNAL + number);
    }
    return job_error(&job, line->shown);
}

static bool was_started(const struct run *run, long pid)
{
    for (const struct background *b = run->backgrounds; b; b = b->next)
        if (b->job.pid == pid)
            return true;
    return false;
}

/* To wait for what no line has started would be over at once, and the next line would come too early. */
static lg_error *check_pids(const struct run *run, const char *pids)
{
    size_t count = 0;
    for (const char *at = pids; *(at += strcspn(at, "0123456789")) != '\0'; count++) {
        char *end;
        long pid = strtol(at, &end, 10);
        if (!was_started(run, pid))
            return lg_error_newf("no background line has the process number %ld", pid);
        at = end;
    }
    return count || pids[strspn(pids, " \t")] == '\0'
               ? NULL
               : lg_error_newf("not a process number:%s", pids);
}

/* Whether a background line runs that `pids` names; empty: any. */
static bool some_run(const struct run *run, const char *pids)
{
    bool all = pids[strspn(pids, " \t")] == '\0';
    for (const struct background *b = run->backgrounds; b; b = b->next) {
        if (b->job.ended)
            continue;
        if (all)
            return true;
        for (const char *at = pids; *(at += strcspn(at, "0123456789")) != '\0';) {
            char *end;
            if (strtol(at, &end, 10) == b->job.pid)
                return true;
            at = end;
        }
    }
    return false;
}

static lg_error *run_wait(struct run *run, const struct line *line)
{
    lg_func (lg_error *, err) {
        char *pids = NULL;
        err = expand(line->command + strlen("wait"), EXPAND_ALL,
                     &(struct variables){.lookup = run_value, .data = run}, &pids);
        if (err)
            lg_return(err);
        lg_defer(free, pids);
        err = check_pids(run, pids);
        if (err)
            lg_return(err);
        for (;;) {
            news_take(&run->news);
            run_check_backgrounds(run);
            if (run->stopping)
                lg_return(lg_error_new("stopped"));
            if (!some_run(run, pids))
                lg_return(NULL);
            news_wait(&run->news, 0);
        }
    }
}

static lg_error *run_assignment(struct run *run, lg_scope *cleanups, const struct line *line,
                                const char *tag)
{
    lg_func (lg_error *, err) {
        int fd = scratch_open("value");
        if (fd < 0)
            lg_return(lg_error_new_errno("a file for a value"));
        lg_defer(close, fd);
        char *assignment = NULL;
        err = expand(line->command, EXPAND_LAST_PID,
                     &(struct variables){.lookup = run_value, .data = run}, &assignment);
        if (err)
            lg_return(err);
        lg_defer(free, assignment);
        struct buffer script = {0};
        lg_defer(buffer_free, &script);
        buffer_format(&script, "%s || exit\nprintf %%s \"$%s\" >&%d", assignment, line->name,
                      launch_value_descriptor());
        err = run_command(run, cleanups, line, tag, script.text, fd);
        if (err)
            lg_return(err);
        err = set_variable(run, line->name, fd);
        if (err)
            cleanups_register_foreseen(run, cleanups);
        lg_return(err);
    }
}

/* Of a line whose command was not started, or that needed none: how it ended. */
static void tell_end(struct run *run, const struct line *line, const char *tag, const lg_error *err,
                     lg_duration took)
{
    char *text = err ? lg_error_text(err) : NULL;
    lg_defer(free, text);
    snprintf(run->result, sizeof(run->result), "%s",
             !err   ? "exit status 0"
             : text ? text
                    : "out of memory");
    struct event event = line_event(line, !err            ? EVENT_OK
                                          : run->stopping ? EVENT_STOPPED
                                                          : EVENT_FAILED);
    event.result = run->result;
    event.took = took;
    run_tell(run, tag, event);
}

static lg_error *run_kind(struct run *run, lg_scope *cleanups, const struct line *line,
                          const char *tag)
{
    if (line->kind == LINE_BACKGROUND)
        return background_start(run, cleanups, line, tag);
    if (line->kind == LINE_ASSIGNMENT)
        return run_assignment(run, cleanups, line, tag);
    if (is_wait(line->command))
        return run_wait(run, line);
    run->guarded = NULL;
    run->batch++;
    return run_command(run, cleanups, line, tag, line->command, 0);
}

/* What became of the line as a whole, for the record. */
static void record_result(const struct run *run, const struct line *line, const lg_error *err,
                          lg_duration took)
{
    struct event event = job_event(line, !err            ? EVENT_JOB_OK
                                         : run->stopping ? EVENT_JOB_CANCELLED
                                                         : EVENT_JOB_FAILED);
    event.result = err ? run->result : NULL;
    event.took = took;
    if (!err && line->kind == LINE_BACKGROUND)
        event.kind = EVENT_READY;
    run_record(run, event);
}

/* False: it failed, or was ended. */
static bool run_line(struct run *run, lg_scope *cleanups, const struct line *line, size_t number)
{
    char tag[TAG_SIZE];
    snprintf(tag, sizeof(tag), "[%zu/%zu]", number, run->file->jobs);
    run_tell(run, tag, line_event(line, EVENT_START));
    lg_time began = lg_now();
    run->result[0] = '\0';
    lg_error *err = run_kind(run, cleanups, line, tag);
    if (!run->result[0] && (err || line->kind == LINE_JOB))
        tell_end(run, line, tag, err, lg_since(began));
    record_result(run, line, err, lg_since(began));
    if (!err) {
        run->done++;
        return true;
    }
    cleanups_forget_foreseen(run);
    /* One that was made to end has not failed: what made it end is the reason. */
    if (run->stopping) {
        lg_error_free(err);
    } else {
        run_note_cause(run, run->result);
        run_fail(run, line, err);
    }
    run->stopping = true;
    return false;
}

static void run_all(struct run *run, lg_scope *cleanups)
{
    const struct line *last = NULL;
    size_t started = 0;
    for (size_t i = 0; i < run->file->count; i++) {
        const struct line *line = &run->file->lines[i];
        /* Not stopped by a signal: the line before it has succeeded, so this is to be released. */
        if (line->kind == LINE_DEFER) {
            cleanup_register(run, cleanups, line);
            continue;
        }
        run_record_finished(run, last);
        last = line;
        run_give_way(run);
        news_take(&run->news);
        run_check_backgrounds(run);
        memory_reserve();
        if (run->stopping)
            break;
        started++;
        if (!run_line(run, cleanups, line, started))
            break;
    }
    run_record_finished(run, last);
    run_record_cancelled(run, started);
}

void run_lines(struct run *run)
{
    /* Deferred calls that the scope is given use only what the caller declared. */
    lg_scope(cleanups);
    run_all(run, &cleanups);
    news_take(&run->news);
    run_check_backgrounds(run);
}
