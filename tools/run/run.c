#define _GNU_SOURCE
#include "run.h"

#include "buffer.h"
#include "ending.h"
#include "expand.h"
#include "job.h"
#include "parse.h"
#include "say.h"
#include "secret.h"
#include "shell.h"
#include "signals.h"

#include <errno.h>
#include <lifoguard/lifoguard.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A longer value would not fit into a command's environment. */
enum { LONGEST_VALUE = 100 * 1024, TAG_SIZE = 48 };

struct run;
struct background;

/* A registered `defer COMMAND`. */
struct cleanup {
    struct run *run;
    const struct line *line;
    size_t number;
    char *command; /* expanded, but for secrets */
    struct secret_values secrets;
    bool begun;
    struct background *guarded; /* the background line that it is for, or NULL */
    struct cleanup *next;
};

struct background {
    struct run *run;
    const struct line *line;
    char tag[TAG_SIZE];
    struct job job;
    bool has_cleanup; /* a defer line of its own is to end it */
    bool releasing;   /* that defer line has begun */
    bool said;        /* that it has ended */
    unsigned batch;   /* those of a batch were started one after the other, with nothing between */
    struct background *next;
};

struct run {
    const struct job_file *file;
    lg_duration grace;
    lg_duration cleanup_limit;
    int status;    /* the first failure or signal decides it */
    bool stopping; /* no further job is started */
    bool cleaning; /* the cleanups have begun */
    bool forced;   /* by SIGQUIT: no cleanup is started either */
    bool warned;   /* that the next signal ends a cleanup */
    lg_error *failures;
    size_t done; /* jobs that succeeded */
    size_t cleanups_run;
    struct cleanup *cleanups; /* all that were registered, last first */
    struct background *backgrounds;
    struct background *guarded; /* the one that a defer line just below would be for */
    unsigned batch;
    char last_pid[24];
    char last_shell[24]; /* the process number of the last line's shell: what $$ was there */
};

static lg_duration grace_of(const struct run *run, const struct line *line)
{
    return line->grace >= 0 ? line->grace : run->grace;
}

static lg_duration limit_of(const struct line *line, lg_duration otherwise)
{
    return line->limit >= 0 ? line->limit : otherwise;
}

static void set_status(struct run *run, int status)
{
    if (run->status == RUN_OK)
        run->status = status;
}

static void fail(struct run *run, const struct line *line, lg_error *why)
{
    set_status(run, RUN_FAILED);
    run->failures = lg_error_join(run->failures,
                                  lg_error_wrap(why, "%s:%u", run->file->path, line->number));
}

/* "exit status 1: COMMAND" */
static lg_error *result_error(const struct job *job, const char *command)
{
    char text[JOB_TEXT_SIZE];
    return lg_errorf("%s: %s", job_result(job, text), command);
}

static void say_end(const char *tag, const char *event, const char *command, const struct job *job)
{
    char result[JOB_TEXT_SIZE], took[SAY_DURATION_SIZE],
        details[JOB_TEXT_SIZE + SAY_DURATION_SIZE + 2];
    snprintf(details, sizeof details, "%s, %s", job_result(job, result),
             say_duration(job->took, took));
    say_event(tag, event, command, details);
}

/* ---- background lines ----------------------------------------------------------------------------- */

/* Tells of those that have ended. One that did so by itself, with a failure, fails the run. */
static void look_at_backgrounds(struct run *run)
{
    for (struct background *b = run->backgrounds; b; b = b->next) {
        job_look(&b->job);
        if (!b->job.ended || b->said)
            continue;
        b->said = true;
        /* Also while other cleanups run: the verdict must not depend on who is quicker. */
        bool failed = !b->releasing && b->job.step == JOB_RUNS && !job_succeeded(&b->job) &&
                      !job_was_asked_to_end(&b->job);
        say_end(b->tag, failed ? "failed" : "ended", b->line->shown, &b->job);
        if (failed) {
            fail(run, b->line, result_error(&b->job, b->line->shown));
            run->stopping = true;
        }
    }
}

/* ---- signals -------------------------------------------------------------------------------------- */

/* What runs at the moment: a line, a cleanup, or a background job that is being ended. */
struct foreground {
    struct job *job;
    const struct line *line;  /* NULL: a cleanup */
    const struct line *place; /* the line that it stands in */
};

/* Makes a line end: one whose cleanup is still to be registered may finish first, so that what it
 * acquires is not lost. */
static void end_line(const struct foreground *now, int number)
{
    if (now->line->acquires)
        job_begin(now->job, JOB_MAY_FINISH, 0, now->job->grace);
    else
        job_begin(now->job, JOB_ASKED, number, now->job->grace);
}

/* The next step for one that was to end: SIGINT or SIGHUP, SIGTERM, SIGKILL. */
static void press(struct job *job, int number)
{
    switch (job->step) {
    case JOB_RUNS:
    case JOB_MAY_FINISH: job_begin(job, JOB_ASKED, number, job->grace); break;
    case JOB_ASKED:
        if (job->asked != SIGTERM)
            job_begin(job, JOB_ASKED, SIGTERM, job->grace);
        else
            job_begin(job, JOB_KILLED, 0, LG_SECOND);
        say("process group %ld has not ended yet: %s", (long)job->pid,
            job->step == JOB_KILLED ? "SIGKILL" : "SIGTERM");
        break;
    case JOB_KILLED: job->step = JOB_GIVEN_UP; break;
    case JOB_GIVEN_UP: break;
    }
}

static void say_pending(const struct run *run)
{
    for (const struct cleanup *cleanup = run->cleanups; cleanup; cleanup = cleanup->next) {
        char tag[TAG_SIZE];
        snprintf(tag, sizeof tag, "[cleanup %zu]", cleanup->number);
        if (!cleanup->begun)
            say_event(tag, "pending", cleanup->line->shown, NULL);
    }
}

static void on_signal_while_cleaning(struct run *run, const struct foreground *now, int number)
{
    if (!run->warned) {
        run->warned = true;
        say("%s: the cleanups are running; the next signal ends the one that runs, SIGQUIT all",
            signals_name(number));
        say_pending(run);
        return;
    }
    if (now) {
        say("%s: ending the cleanup that runs", signals_name(number));
        press(now->job, number);
    }
}

static void on_signal(struct run *run, const struct foreground *now, int number)
{
    const struct line *line = now ? now->line : NULL;
    bool first = !run->stopping;
    run->stopping = true;
    set_status(run, RUN_SIGNAL + number);
    if (number == SIGQUIT) {
        say("SIGQUIT: the cleanups that have not run yet are left out");
        run->forced = true;
        if (now)
            job_begin(now->job, JOB_KILLED, 0, LG_SECOND);
    } else if (run->cleaning || (now && !line)) {
        on_signal_while_cleaning(run, now, number);
    } else if (!line) {
        say("%s: on to the cleanups", signals_name(number));
    } else if (first || now->job->step == JOB_RUNS) {
        end_line(now, number);
        char limit[SAY_DURATION_SIZE];
        if (line->acquires)
            say("%s: line %u has a cleanup to come, so it may finish, in %s at most",
                signals_name(number), line->number, say_duration(now->job->grace, limit));
        else
            say("%s: ending line %u, then on to the cleanups", signals_name(number), line->number);
    } else {
        press(now->job, number);
    }
}

static bool is_request(int number)
{
    return number != SIGCHLD && number != SIGWINCH;
}

static void take_signals(struct run *run, const struct foreground *now)
{
    for (int number; (number = signals_next()) != 0;)
        if (number == SIGWINCH && now)
            kill(-now->job->pid, SIGWINCH); /* in the background it does not hear of it */
        else if (is_request(number))
            on_signal(run, now, number);
}

/* ---- waiting --------------------------------------------------------------------------------------- */

/* Has it ended? If it was made to, the rest of its group must be gone too. */
static bool is_over(struct job *job)
{
    job_look(job);
    if (!job->ended)
        return job->step == JOB_GIVEN_UP;
    if (job->step == JOB_RUNS || job->step == JOB_GIVEN_UP || !job_group_left(job))
        return true;
    if (job->step == JOB_MAY_FINISH && !job_succeeded(job))
        job_begin(job, JOB_ASKED, SIGTERM, job->grace);
    /* What finished well has left these running on purpose; those of a background job are ended. */
    return job->step == JOB_MAY_FINISH && !job->background;
}

static void await(struct run *run, const struct foreground *now)
{
    struct job *job = now->job;
    for (;;) {
        take_signals(run, now);
        if (is_over(job))
            return;
        ending_reap();
        bool stopping = run->stopping;
        look_at_backgrounds(run);
        if (now->line && run->stopping && !stopping) { /* not a cleanup */
            say("a background line has failed: ending line %u, then on to the cleanups",
                now->line->number);
            end_line(now, SIGTERM);
        }
        if (job_times_out(job))
            say("%s:%u: not ended within its time limit: SIGTERM: %s", run->file->path,
                now->place->number, now->place->shown);
        else if (job->deadline != 0 && lg_now() >= job->deadline)
            press(job, SIGTERM);
        else
            signals_wait(job->deadline);
    }
}

/* Ends what is left of an ended line, or at last of all lines; a further signal does so sooner. */
static void end_leftovers(struct run *run, struct ending *ending, int number, lg_duration limit)
{
    ending_step(ending, number, limit);
    while (ending_look(ending) > 0) {
        for (int came; (came = signals_next()) != 0;)
            if (is_request(came)) {
                on_signal(run, NULL, came);
                ending->until = 0;
            }
        if (lg_now() >= ending->until) {
            if (!ending_press(ending, run->grace)) {
                say("processes are left that outlive SIGKILL");
                break;
            }
            continue;
        }
        /* One that is adopted later comes without a signal: so look again now and then. */
        lg_duration next = lg_now() + 100 * LG_MILLISECOND;
        signals_wait(next < ending->until ? next : ending->until);
    }
    ending_free(ending);
}

/* What a line that has failed, or was ended, left running ends before the cleanups of the lines above it. */
static void end_rest_of_line(struct run *run, const struct job *job)
{
    struct ending ending = {0};
    bool asked = job->step == JOB_ASKED;
    if (asked)
        ending.group = job->pid;
    end_leftovers(run, &ending, asked ? job->asked : SIGTERM, job->grace);
}

static void end_everything(struct run *run)
{
    struct ending ending = {.everything = true};
    end_leftovers(run, &ending, SIGTERM, run->grace);
    ending_release();
}

/* ---- cleanups: these are the deferred calls ------------------------------------------------------- */

/* LIFOGUARD_EXIT_CODE is the exit status that the run has so far. */
static void tell_status(const struct run *run)
{
    char status[24];
    snprintf(status, sizeof status, "%d", run->status);
    setenv("LIFOGUARD_EXIT_CODE", status, 1);
}

static void run_cleanup(struct cleanup *cleanup)
{
    struct run *run = cleanup->run;
    run->cleaning = true;
    cleanup->begun = true;
    char tag[TAG_SIZE];
    snprintf(tag, sizeof tag, "[cleanup %zu]", cleanup->number);
    take_signals(run, NULL);
    look_at_backgrounds(run);
    if (run->forced) {
        say_event(tag, "skipped", cleanup->line->shown, NULL);
        return;
    }
    run->cleanups_run++;
    if (cleanup->guarded)
        cleanup->guarded->releasing = true;
    say_event(tag, "start", cleanup->line->shown, NULL);
    tell_status(run);
    struct job job;
    const struct job_options options = {.anyway = true,
                                        .limit = limit_of(cleanup->line, run->cleanup_limit),
                                        .grace = grace_of(run, cleanup->line)};
    secret_values_set(&cleanup->secrets);
    lg_error *err = job_start(&job, cleanup->command, options);
    secret_values_unset(&cleanup->secrets);
    if (err) {
        fail(run, cleanup->line, lg_error_wrap(err, "cleanup failed"));
        return;
    }
    lg_defer(job_abandon, &job);
    await(run, &(struct foreground){.job = &job, .place = cleanup->line});
    if (job.step != JOB_RUNS)
        end_rest_of_line(run, &job);
    say_end(tag, job_succeeded(&job) ? "ok" : "failed", cleanup->line->shown, &job);
    if (!job_succeeded(&job))
        fail(run, cleanup->line,
             lg_error_wrap(result_error(&job, cleanup->line->shown), "cleanup failed"));
}

/* Background lines that follow each other do not need each other, or a line that waits for readiness would
 * stand between them: they are asked at once, so that the slowest one decides how long it takes. */
static void ask_batch(struct run *run, unsigned batch)
{
    for (struct background *b = run->backgrounds; b; b = b->next)
        if (b->batch == batch && !b->has_cleanup && !b->job.ended && b->job.step == JOB_RUNS)
            job_begin(&b->job, JOB_ASKED, SIGTERM, b->job.grace);
}

/* Each background line has this cleanup, at its place in the order: nothing is left running. */
static void end_background(struct background *background)
{
    struct run *run = background->run;
    struct job *job = &background->job;
    run->cleaning = true;
    take_signals(run, NULL);
    look_at_backgrounds(run);
    if (run->forced)
        job_begin(job, JOB_KILLED, 0, LG_SECOND);
    else if (!job->ended && !background->has_cleanup)
        ask_batch(run, background->batch);
    else if (job->ended)
        job_begin(job, JOB_ASKED, SIGTERM, job->grace);
    else
        job_begin(job, JOB_MAY_FINISH, 0, job->grace);
    bool alive = !job->ended;
    await(run, &(struct foreground){.job = job, .place = background->line});
    look_at_backgrounds(run);
    if (alive && job->step == JOB_KILLED && !run->forced)
        say("line %u had to be killed", background->line->number);
    else if (job->step == JOB_GIVEN_UP)
        say("line %u outlives SIGKILL, and is left running", background->line->number);
}

/* ---- lines ----------------------------------------------------------------------------------------- */

static const char *value_of(const char *name, size_t length, void *data)
{
    const struct run *run = data;
    if (length == 1 && *name == '!')
        return run->last_pid[0] ? run->last_pid : NULL;
    if (*name == '$')
        return run->last_shell[0] ? run->last_shell : NULL;
    if (strchr("0123456789@*", *name))
        return job_argument(name, length);
    char *copy = need_copy(name, length);
    const char *value = getenv(copy);
    free(copy);
    return value;
}

static const char *value_of_cleanup(const char *name, size_t length, void *data)
{
    const struct cleanup *cleanup = data;
    return value_of(name, length, cleanup->run);
}

/* The value as it is now is kept for the cleanup's environment (D2). */
static const char *secret_reference(const char *name, size_t length, const char *value, void *data)
{
    struct cleanup *cleanup = data;
    return secret_is(name, length) ? secret_keep(&cleanup->secrets, value) : NULL;
}

static void cleanup_free(struct cleanup *cleanup)
{
    secret_values_free(&cleanup->secrets);
    free(cleanup->command);
    free(cleanup);
}

static void register_cleanup(struct run *run, lg_scope *cleanups, const struct line *line)
{
    struct cleanup *cleanup = need_memory(NULL, sizeof *cleanup);
    *cleanup = (struct cleanup){.run = run, .line = line};
    const struct variables variables = {
        .lookup = value_of_cleanup, .reference = secret_reference, .data = cleanup};
    lg_error *err = expand(line->command, EXPAND_ALL, &variables, &cleanup->command);
    if (err) {
        cleanup_free(cleanup);
        fail(run, line, err);
        run->stopping = true;
        return;
    }
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
    say_event(tag, "defer", line->shown, NULL);
}

static lg_error *start_background(struct run *run, lg_scope *cleanups, const struct line *line,
                                  const char *tag)
{
    lg_func (lg_error *, err) {
        struct background *background = need_memory(NULL, sizeof *background);
        *background = (struct background){.run = run, .line = line, .batch = run->batch};
        lg_defer_on_error(free, background);
        snprintf(background->tag, sizeof background->tag, "%s", tag);
        struct buffer command = {0};
        lg_defer(buffer_free, &command);
        /* So that $! is the program, as it would be in a script, and not a shell that waits for it. */
        long place = shell_exec_place(line->command);
        buffer_add(&command, line->command, place < 0 ? 0 : (size_t)place);
        buffer_add_text(&command, place < 0 ? "" : "exec ");
        buffer_add_text(&command, line->command + (place < 0 ? 0 : place));
        err = job_start(&background->job, command.text,
                        (struct job_options){.background = true, .grace = grace_of(run, line)});
        if (err)
            lg_return(err);
        background->next = run->backgrounds;
        run->backgrounds = background;
        run->guarded = line->acquires ? background : NULL;
        snprintf(run->last_pid, sizeof run->last_pid, "%ld", (long)background->job.pid);
        memcpy(run->last_shell, run->last_pid, sizeof run->last_shell);
        lg_defer_in(cleanups, end_background, background);
        lg_return(NULL);
    }
}

/* What an assignment's shell wrote to its value descriptor becomes the variable. */
static lg_error *set_variable(const char *name, int fd)
{
    lg_func (lg_error *, err) {
        char *value = need_memory(NULL, LONGEST_VALUE + 1);
        lg_defer(free, value);
        ssize_t got = pread(fd, value, LONGEST_VALUE + 1, 0);
        if (got < 0)
            lg_return(lg_error_errno(errno, "reading the value"));
        if (got > LONGEST_VALUE)
            lg_return(
                lg_errorf("the value is longer than %d bytes: write it to a file", LONGEST_VALUE));
        value[got] = '\0';
        if (setenv(name, value, 1) != 0)
            lg_return(lg_error_errno(errno, "setenv %s", name));
        lg_return(NULL);
    }
}

/* A command that holds a secret is in the environment of its shell, not in the shell's arguments. */
static lg_error *start_line(const struct run *run, struct job *job, const struct line *line,
                            const char *command, int value)
{
    /* One that acquires is protected from Ctrl-C. */
    struct job_options options = {.terminal = !line->acquires,
                                  .limit = limit_of(line, 0),
                                  .grace = grace_of(run, line),
                                  .value = value};
    if (!secret_is_written(line->command, shell_name_length(line->command)))
        return job_start(job, command, options);
    struct secret_values values = {0};
    lg_defer(secret_values_free, &values);
    const char *name = secret_keep(&values, command);
    struct buffer script = {0};
    lg_defer(buffer_free, &script);
    buffer_format(&script, "eval \"unset %s\n${%s?}\"", name, name);
    secret_values_set(&values);
    lg_error *err = job_start(job, script.text, options);
    secret_values_unset(&values);
    return err;
}

/* Runs a command to its end. */
static lg_error *run_command(struct run *run, const struct line *line, const char *tag,
                             const char *command, int value)
{
    struct job job;
    lg_error *err = start_line(run, &job, line, command, value);
    if (err)
        return err;
    lg_defer(job_abandon, &job);
    snprintf(run->last_shell, sizeof run->last_shell, "%ld", (long)job.pid);
    await(run, &(struct foreground){.job = &job, .line = line, .place = line});
    bool good = job_succeeded(&job);
    int number = good || !job.had_terminal ? 0 : job_ended_by_terminal(&job);
    say_end(tag,
            good                              ? "ok"
            : job.step == JOB_RUNS && !number ? "failed"
                                              : "stopped",
            line->shown, &job);
    if (good) {
        ending_settle();
        return NULL;
    }
    end_rest_of_line(run, &job);
    /* It had the terminal, and Ctrl-C with it. */
    if (number && run->status == RUN_OK) {
        say("%s from the terminal: line %u has ended, on to the cleanups", signals_name(number),
            line->number);
        run->stopping = true;
        set_status(run, RUN_SIGNAL + number);
    }
    return result_error(&job, line->shown);
}

/* A line that is `wait` or `wait PID…` alone: a shell of its own has no children to wait for. */
static bool is_wait(const char *command)
{
    return strncmp(command, "wait", 4) == 0 && (command[4] == '\0' || command[4] == ' ') &&
           !strpbrk(command, ";&|<>()`'\\");
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
                     &(struct variables){.lookup = value_of, .data = run}, &pids);
        if (err)
            lg_return(err);
        lg_defer(free, pids);
        for (;;) {
            take_signals(run, NULL);
            look_at_backgrounds(run);
            ending_reap();
            if (run->stopping)
                lg_return(lg_error_new("stopped"));
            if (!some_run(run, pids))
                lg_return(NULL);
            signals_wait(0);
        }
    }
}

static lg_error *run_assignment(struct run *run, const struct line *line, const char *tag)
{
    lg_func (lg_error *, err) {
        int fd = memfd_create("value", MFD_CLOEXEC);
        if (fd < 0)
            lg_return(lg_error_errno(errno, "memfd_create"));
        lg_defer(close, fd);
        char *assignment = NULL;
        err = expand(line->command, EXPAND_LAST_PID,
                     &(struct variables){.lookup = value_of, .data = run}, &assignment);
        if (err)
            lg_return(err);
        lg_defer(free, assignment);
        struct buffer script = {0};
        lg_defer(buffer_free, &script);
        buffer_format(&script, "%s || exit\nprintf %%s \"$%s\" >&%d", assignment, line->name,
                      job_value_descriptor());
        err = run_command(run, line, tag, script.text, fd);
        if (!err)
            err = set_variable(line->name, fd);
        lg_return(err);
    }
}

/* False: it failed, or was ended. */
static bool run_line(struct run *run, lg_scope *cleanups, const struct line *line, size_t number)
{
    char tag[TAG_SIZE];
    snprintf(tag, sizeof tag, "[%zu/%zu]", number, run->file->jobs);
    say_event(tag, "start", line->shown, NULL);

    lg_error *err;
    if (line->kind == LINE_BACKGROUND) {
        err = start_background(run, cleanups, line, tag);
    } else if (line->kind == LINE_ASSIGNMENT) {
        err = run_assignment(run, line, tag);
    } else if (is_wait(line->command)) {
        err = run_wait(run, line);
    } else {
        run->guarded = NULL;
        run->batch++;
        err = run_command(run, line, tag, line->command, 0);
    }
    if (!err) {
        run->done++;
        return true;
    }
    /* One that was made to end has not failed: what made it end is the reason. */
    if (run->stopping)
        lg_error_free(err);
    else
        fail(run, line, err);
    run->stopping = true;
    return false;
}

static void run_lines(struct run *run)
{
    /* Deferred calls that the scope is given use only what the caller declared. */
    lg_scope(cleanups);
    size_t number = 0;
    for (size_t i = 0; i < run->file->count; i++) {
        const struct line *line = &run->file->lines[i];
        /* Not stopped by a signal: the line before it has succeeded, so this is to be released. */
        if (line->kind == LINE_DEFER) {
            register_cleanup(run, &cleanups, line);
            continue;
        }
        take_signals(run, NULL);
        look_at_backgrounds(run);
        memory_reserve();
        if (run->stopping || !run_line(run, &cleanups, line, ++number))
            break;
    }
    take_signals(run, NULL);
    look_at_backgrounds(run);
}

/* ---- a file ---------------------------------------------------------------------------------------- */

static void print_errors(const lg_error *errors, const char *prefix)
{
    bool several = errors && !lg_error_cause(errors) &&
                   strcmp(lg_error_message(errors), "several errors") == 0;
    if (!several) {
        fputs(prefix, stderr);
        lg_error_print(errors, stderr);
        return;
    }
    lg_error_cursor cursor = lg_error_children(errors);
    for (const lg_error *one; (one = lg_error_next(&cursor)) != NULL;)
        print_errors(one, prefix);
}

/* One shell reads all lines at once, each in parentheses of its own, out of which no line can come that the
 * scanner has accepted. */
static bool all_can_be_read(const struct job_file *file)
{
    struct buffer script = {0};
    lg_defer(buffer_free, &script);
    for (size_t i = 0; i < file->count; i++)
        buffer_format(&script, "(\n%s\n)\n", file->lines[i].command);
    return job_can_read(script.text, script.length);
}

/* Only a file with a bad line is read line by line, to tell which. */
static lg_error *check_syntax(const struct job_file *file)
{
    if (all_can_be_read(file))
        return NULL;
    lg_error *errors = NULL;
    for (size_t i = 0; i < file->count; i++) {
        const struct line *line = &file->lines[i];
        lg_error *err = job_check_syntax(line->command);
        errors = lg_error_join(errors, lg_error_wrap(err, "%s:%u", file->path, line->number));
    }
    return errors;
}

/* Sets LIFOGUARD_JOB_FILE, which the file's lines may use. */
static void name_file(const char *path)
{
    char *absolute = realpath(path, NULL);
    lg_defer(free, absolute);
    setenv("LIFOGUARD_JOB_FILE", absolute ? absolute : path, 1);
}

static void run_free(struct run *run)
{
    while (run->cleanups) {
        struct cleanup *cleanup = run->cleanups;
        run->cleanups = cleanup->next;
        cleanup_free(cleanup);
    }
    while (run->backgrounds) {
        struct background *background = run->backgrounds;
        run->backgrounds = background->next;
        free(background);
    }
    lg_error_free(run->failures);
}

static void say_result(const struct run *run, lg_duration took)
{
    if (run->failures)
        print_errors(run->failures, "lifoguard: ");
    char text[SAY_DURATION_SIZE];
    say_duration(took, text);
    size_t jobs = run->file->jobs;
    const char *verdict = run->status == RUN_OK       ? "ok"
                          : run->status == RUN_FAILED ? "failed"
                                                      : signals_name(run->status - RUN_SIGNAL);
    say("%s: %zu of %zu line%s, %zu cleanup%s, %s", verdict, run->done, jobs, jobs == 1 ? "" : "s",
        run->cleanups_run, run->cleanups_run == 1 ? "" : "s", text);
}

static void run_and_clean(struct run *run)
{
    lg_defer(memory_give_back);
    job_keep_environment();
    lg_defer(job_forget_environment);
    ending_adopt();
    lg_defer(end_everything, run);
    run_lines(run);
}

int run_job_file(const char *path, const struct run_options *options)
{
    lg_func (int, status) {
        lg_duration began = lg_now();
        job_use_shell(options->shell, options->trace, path, options->arguments);
        say_quietly(options->quiet);
        lg_defer(secret_forget);
        for (size_t i = 0; i < options->secret_count; i++)
            secret_mark(options->secrets[i], strlen(options->secrets[i]));
        struct job_file file = {0};
        lg_defer(job_file_free, &file);
        name_file(path);
        lg_error *bad = job_file_read(path, &file);
        if (!bad)
            bad = check_syntax(&file);
        lg_defer(lg_error_free, bad);
        if (bad) {
            print_errors(bad, "");
            lg_return(RUN_BAD_FILE);
        }
        if (options->check)
            lg_return(RUN_OK);

        struct run run = {
            .file = &file, .grace = options->grace, .cleanup_limit = options->cleanup_limit};
        lg_defer(run_free, &run);
        lg_defer(signals_close);
        lg_error *err = signals_open();
        lg_defer(lg_error_free, err);
        if (err) {
            print_errors(err, "lifoguard: ");
            lg_return(RUN_FAILED);
        }
        run_and_clean(&run);
        say_result(&run, lg_since(began));
        lg_return(run.status);
    }
}
