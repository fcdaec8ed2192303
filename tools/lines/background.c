#define _GNU_SOURCE
#include "background.h"

#include "buffer.h"
#include "direct.h"
#include "foreground.h"
#include "launch.h"
#include "shell.h"
#include "signals.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(const struct background *background)
{
    struct run *run = background->run;
    const struct job *job = &background->job;
    char result[JOB_TEXT_SIZE];
    struct event event = job_event(background->line, EVENT_JOB_FAILED);
    event.result = job_result(job, result);
    run_record(run, event);
    run_note_cause(run, result);
    run_fail(run, background->line, job_error(job, background->line->shown));
    run_note_failure(run, job_exit_status(job));
    run->stopping = true;
}

void run_check_backgrounds(struct run *run)
{
    for (struct background *b = run->backgrounds; b; b = b->next) {
        job_update(&b->job);
        if (!b->job.ended || b->said)
            continue;
        b->said = true;
        /* Also while other cleanups run: the verdict must not depend on who is quicker. */
        bool failed = !b->releasing && b->job.step == JOB_RUNS && !job_succeeded(&b->job) &&
                      !job_was_asked_to_end(&b->job);
        run_tell_end(run, b->tag, line_event(b->line, failed ? EVENT_FAILED : EVENT_ENDED),
                     &b->job);
        if (failed)
            fail(b);
    }
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
    if (run->keep)
        return;
    run->cleaning = true;
    news_take(&run->news);
    run_check_backgrounds(run);
    if (run->forced)
        job_begin(job, JOB_KILLED, 0, SIGNALS_KILL_TAKES);
    else if (!job->ended && !background->has_cleanup)
        ask_batch(run, background->batch);
    else if (job->ended)
        job_begin(job, JOB_ASKED, SIGTERM, job->grace);
    else
        job_begin(job, JOB_MAY_FINISH, 0, job->grace);
    bool alive = !job->ended;
    run_await(run, &(struct foreground){.job = job, .place = background->line});
    run_check_backgrounds(run);
    if (alive && job->step == JOB_KILLED && !run->forced)
        print_message("%s: had to be killed", background->line->place);
    else if (job->step == JOB_GIVEN_UP)
        print_message("%s: outlives SIGKILL, and is left running", background->line->place);
    background->over = true;
    run_record_finished(run, background->line);
}

static lg_error *start(struct background *background, const char *command)
{
    const struct run *run = background->run;
    const struct job_options options = {.background = true,
                                        .grace = run_grace(run, background->line)};
    struct launch launch = {.empty_input = true};
    struct capture *capture = run_capture(run, background->line->job, CAPTURE_BACKGROUND,
                                          launch.output);
    lg_error *err = run_start(run, background->line, &background->job, command, &launch, &options);
    run_captured(launch.output);
    if (capture)
        run->recorder->leave(capture); /* it is read for as long as the command prints */
    return err;
}

lg_error *background_start(struct run *run, lg_scope *cleanups, const struct line *line,
                           const char *tag)
{
    lg_func (lg_error *, err) {
        struct background *background = need_memory(NULL, sizeof(*background));
        *background = (struct background){.run = run, .line = line, .batch = run->batch};
        lg_defer_on_error(free, background);
        snprintf(background->tag, sizeof(background->tag), "%s", tag);
        struct buffer command = {0};
        lg_defer(buffer_free, &command);
        /* So that $! is the program, as it would be in a script, and not a shell that waits for it. */
        char **direct = direct_words(line->command);
        lg_defer(free, direct);
        long place = direct ? -1 : shell_exec_place(line->command);
        buffer_add(&command, line->command, place < 0 ? 0 : (size_t)place);
        buffer_add_text(&command, place < 0 ? "" : "exec ");
        buffer_add_text(&command, line->command + (place < 0 ? 0 : place));
        err = start(background, command.text);
        if (err)
            lg_return(err);
        background->next = run->backgrounds;
        run->backgrounds = background;
        run->guarded = line->acquires ? background : NULL;
        snprintf(run->last_pid, sizeof(run->last_pid), "%ld", (long)background->job.pid);
        memcpy(run->last_shell, run->last_pid, sizeof(run->last_shell));
        lg_defer_in(cleanups, end_background, background);
        lg_return(NULL);
    }
}
