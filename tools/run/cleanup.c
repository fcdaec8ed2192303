#define _GNU_SOURCE
#include "cleanup.h"

#include "await.h"
#include "background.h"
#include "buffer.h"
#include "expand.h"

#include <stdio.h>
#include <stdlib.h>

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
    run_take_signals(run, NULL);
    run_look_at_backgrounds(run);
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
                                        .limit = line_limit(cleanup->line, run->cleanup_limit),
                                        .grace = run_grace(run, cleanup->line)};
    secret_values_set(&cleanup->secrets);
    lg_error *err = job_start(&job, cleanup->command, options);
    secret_values_unset(&cleanup->secrets);
    if (err) {
        run_fail(run, cleanup->line, lg_error_wrap(err, "cleanup failed"));
        return;
    }
    lg_defer(job_abandon, &job);
    run_await(run, &(struct foreground){.job = &job, .place = cleanup->line});
    if (job.step != JOB_RUNS)
        run_end_rest_of_line(run, &job);
    say_job_end(tag, job_succeeded(&job) ? "ok" : "failed", cleanup->line->shown, &job);
    if (!job_succeeded(&job))
        run_fail(run, cleanup->line,
                 lg_error_wrap(job_error(&job, cleanup->line->shown), "cleanup failed"));
}

void cleanup_free(struct cleanup *cleanup)
{
    secret_values_free(&cleanup->secrets);
    free(cleanup->command);
    free(cleanup);
}

static const char *value_of_cleanup(const char *name, size_t length, void *data)
{
    const struct cleanup *cleanup = data;
    return run_value(name, length, cleanup->run);
}

/* The value as it is now is kept for the cleanup's environment (D2). */
static const char *secret_reference(const char *name, size_t length, const char *value, void *data)
{
    struct cleanup *cleanup = data;
    return secret_is(name, length) ? secret_keep(&cleanup->secrets, value) : NULL;
}

void cleanup_register(struct run *run, lg_scope *cleanups, const struct line *line)
{
    struct cleanup *cleanup = need_memory(NULL, sizeof *cleanup);
    *cleanup = (struct cleanup){.run = run, .line = line};
    const struct variables variables = {
        .lookup = value_of_cleanup, .reference = secret_reference, .data = cleanup};
    lg_error *err = expand(line->command, EXPAND_ALL, &variables, &cleanup->command);
    if (err) {
        cleanup_free(cleanup);
        run_fail(run, line, err);
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
