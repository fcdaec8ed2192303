#define _GNU_SOURCE
#include "plan.h"

#include "buffer.h"

#include <lifoguard/defer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int width_of(const struct graph *graph)
{
    size_t width = strlen("run");
    for (size_t i = 0; i < graph->count; i++)
        if (graph->jobs[i]->wanted && strlen(graph->jobs[i]->name) > width)
            width = strlen(graph->jobs[i]->name);
    return (int)width;
}

/* A command as one line. */
static void print_line(int width, const char *name, const char *what, const char *text)
{
    struct buffer line = {0};
    lg_defer(buffer_free, &line);
    size_t length = strlen(text);
    while (length > 0 && strchr("\n ", text[length - 1]))
        length--;
    char *shown = need_copy(text, length);
    buffer_add_visible(&line, shown);
    free(shown);
    printf("  %-*s  %s%s\n", width, name, what, line.text ? line.text : "");
}

static void print_pass(const struct graph_job *job, size_t pass, const char *what, const char *text,
                       int width)
{
    struct buffer label = {0};
    lg_defer(buffer_free, &label);
    if (job->variable)
        buffer_format(&label, "%s=%s: ", job->variable, job->passes.items[pass]);
    buffer_add_text(&label, what);
    print_line(width, job->name, label.text, text);
}

static size_t passes_of(const struct graph_job *job)
{
    return job->variable ? job->passes.count : 1;
}

static void print_facts(const struct graph_job *job, int width)
{
    struct buffer facts = {0};
    lg_defer(buffer_free, &facts);
    for (size_t i = 0; i < job->need_count; i++)
        buffer_format(&facts, "%s%s", i ? ", " : "needs ", job->needs[i].name);
    for (size_t i = 0; i < job->locks.count; i++)
        buffer_format(&facts, "%s%s",
                      i              ? ", "
                      : facts.length ? "; lock "
                                     : "lock ",
                      job->locks.items[i]);
    if (job->wait)
        buffer_format(&facts, "%sthe run is for it", facts.length ? "; " : "");
    if (facts.length)
        print_line(width, job->name, facts.text, "");
    if (job->condition)
        print_line(width, job->name, "if ", job->condition);
}

static void print_job(const struct graph_job *job, int width)
{
    print_facts(job, width);
    for (size_t pass = 0; pass < passes_of(job); pass++)
        for (size_t i = 0; i < job->step_count; i++)
            print_pass(job, pass, job_is_service(job) ? "service: " : "", job->steps[i].text,
                       width);
    if (!job->step_count && !job->need_count)
        print_line(width, job->name, "nothing to run", "");
    static const char *const kinds[] = {"", "ready when ", "ready at tcp ", "ready at file ",
                                        "ready at http "};
    if (job_is_service(job))
        print_line(width, job->name, kinds[job->ready.kind], job->ready.what);
}

static const char *condition_of(const struct deferred *deferred)
{
    static const char *const names[] = {"", "on failure: ", "on success: "};
    return names[deferred->when];
}

static void print_deferreds(const struct graph_job *job, size_t pass,
                            const struct deferreds *defers, int width)
{
    for (size_t i = defers->count; i-- > 0;)
        print_pass(job, pass, condition_of(&defers->items[i]), defers->items[i].text, width);
}

static void print_cleanups(const struct graph_job *job, int width)
{
    if (job_is_service(job))
        print_line(width, job->name, "the service is ended", "");
    for (size_t pass = passes_of(job); pass-- > 0;) {
        for (size_t i = job->step_count; i-- > 0;)
            print_deferreds(job, pass, &job->steps[i].defers, width);
        print_deferreds(job, pass, &job->defers, width);
    }
}

void graph_plan(const struct graph *graph)
{
    int width = width_of(graph);
    puts("jobs:");
    for (size_t i = 0; i < graph->count; i++)
        if (graph->jobs[i]->wanted)
            print_job(graph->jobs[i], width);
    puts("cleanups:");
    for (size_t i = graph->count; i-- > 0;)
        if (graph->jobs[i]->wanted)
            print_cleanups(graph->jobs[i], width);
    for (size_t i = graph->defers.count; i-- > 0;)
        print_line(width, "run", condition_of(&graph->defers.items[i]),
                   graph->defers.items[i].text);
}
