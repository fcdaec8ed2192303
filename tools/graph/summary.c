#define _GNU_SOURCE
#include "summary.h"

#include "message.h"
#include "signals.h"
#include "status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *summary_verdict(const struct engine *engine)
{
    switch (engine->status) {
    case RUN_OK: return "ok";
    case RUN_FAILED: return "failed";
    case EXIT_TIMEOUT: return "timed out";
    case RUN_LOST: return engine->gave_up ? "out of memory" : "lost to another process";
    default: return signals_name(engine->status - RUN_SIGNAL);
    }
}

static void print_failures(const struct engine *engine)
{
    for (size_t i = 0; i < engine->graph->count; i++) {
        const struct work *work = &engine->works[i];
        if (work->state == JOB_FAILED)
            print_message("%s:%u:%u: %s failed: %s", work->job->at.file, work->job->at.line,
                          work->job->at.column, work->name,
                          work->error ? work->error : "out of memory");
    }
}

static int compare_took(const void *a, const void *b)
{
    const struct work *const *left = a;
    const struct work *const *right = b;
    return (*left)->took<(*right)->took ? 1 : (*left)->took>(*right)->took ? -1 : 0;
}

/* The slowest jobs, if there are several. */
static void print_times(const struct engine *engine)
{
    enum { SHOWN = 5 };
    size_t count = 0;
    const struct work **works = need_memory(NULL, (engine->graph->count + 1) * sizeof(void *));
    lg_defer(free, works);
    for (size_t i = 0; i < engine->graph->count; i++)
        if (engine->works[i].tried && !job_is_service(engine->works[i].job))
            works[count++] = &engine->works[i];
    if (count < 2 || engine->options->quiet)
        return;
    qsort(works, count, sizeof(void *), compare_took);
    for (size_t i = 0; i < count && i < SHOWN; i++) {
        char text[DURATION_SHORT_SIZE];
        print_message("%10s  %s", duration_short(works[i]->took, text), works[i]->name);
    }
    if (count > SHOWN)
        print_message("            … and %zu more", count - SHOWN);
}

void summary_print(const struct engine *engine)
{
    char text[DURATION_SHORT_SIZE];
    print_times(engine);
    print_failures(engine);
    size_t jobs = engine->jobs_ok + engine->jobs_failed + engine->jobs_skipped;
    size_t cleanups = engine->cleanups_ok + engine->cleanups_failed;
    print_message("%s: %zu of %zu job%s, %zu cleanup%s, %s; run %s", summary_verdict(engine),
                  engine->jobs_ok, jobs, jobs == 1 ? "" : "s", cleanups, cleanups == 1 ? "" : "s",
                  duration_short(engine_at(engine), text), engine->holder.run);
}
