#define _GNU_SOURCE
#include "buffer.h"
#include "graph.h"

#include <lifoguard/defer.h>
#include <lifoguard/error.h>
#include <stdlib.h>
#include <string.h>

const char *graph_shell_of(const struct graph_job *job)
{
    return job->shell ? job->shell : job->scope->shell ? job->scope->shell : "/bin/sh";
}

lg_duration graph_grace_of(const struct graph_job *job)
{
    if (job->grace >= 0)
        return job->grace;
    return job->scope->grace >= 0 ? job->scope->grace : 10 * LG_SECOND;
}

/* ---- names ---- */

struct graph_job *graph_find(const struct graph *graph, const char *name)
{
    for (size_t i = 0; i < graph->count; i++)
        if (strcmp(graph->jobs[i]->name, name) == 0)
            return graph->jobs[i];
    return NULL;
}

static int compare_names(const void *a, const void *b)
{
    const struct graph_job *const *left = a;
    const struct graph_job *const *right = b;
    return strcmp((*left)->name, (*right)->name);
}

/* All jobs by their names, for the caller to free. */
static struct graph_job **sorted_jobs(const struct graph *graph)
{
    struct graph_job **sorted = need_memory(NULL, (graph->count + 1) * sizeof(struct graph_job *));
    if (graph->count)
        memcpy(sorted, graph->jobs, graph->count * sizeof(struct graph_job *));
    qsort(sorted, graph->count, sizeof(struct graph_job *), compare_names);
    return sorted;
}

static struct graph_job *find_sorted(const struct graph *graph, struct graph_job **sorted,
                                     const char *name)
{
    struct graph_job wanted = {.name = name};
    const struct graph_job *key = &wanted;
    struct graph_job **found = bsearch(&key, sorted, graph->count, sizeof(struct graph_job *),
                                       compare_names);
    return found ? *found : NULL;
}

static void unknown_job(struct graph *graph, struct place_in_file at, const char *name)
{
    const char **names = need_memory(NULL, (graph->count + 1) * sizeof(*names));
    lg_defer(free, names);
    for (size_t i = 0; i < graph->count; i++)
        names[i] = graph->jobs[i]->name;
    const char *near = nearest(name, names, graph->count);
    if (near)
        problem_add(&graph->problems, at, "there is no job %s; meant is perhaps %s", name, near);
    else
        problem_add(&graph->problems, at, "there is no job %s", name);
}

static void find_needs_of(struct graph *graph, struct graph_job **sorted, struct graph_job *job)
{
    for (size_t i = 0; i < job->need_count; i++) {
        struct need *need = &job->needs[i];
        need->job = find_sorted(graph, sorted, need->name);
        if (!need->job)
            unknown_job(graph, need->at, need->name);
        for (size_t k = 0; k < i; k++)
            if (strcmp(job->needs[k].name, need->name) == 0)
                problem_add(&graph->problems, need->at, "%s is needed twice", need->name);
    }
}

/* ---- what does not fit together ---- */

static void check_service(struct graph *graph, const struct graph_job *job)
{
    if (job->wait && !job_is_service(job))
        problem_add(&graph->problems, job->wait_at, "wait is for a service: it needs ready");
    if (!job_is_service(job))
        return;
    if (job->step_count != 1)
        problem_add(&graph->problems, job->ready.at, "a service needs one command in run");
    if (job->variable)
        problem_add(&graph->problems, job->for_at, "a service has no for");
    if (job->step_count == 1 && job->steps[0].defers.count)
        problem_add(&graph->problems, job->steps[0].at,
                    "the command of a service has no defer of its own: put it beside run");
    if (job->retries)
        problem_add(&graph->problems, job->ready.at, "a service has no retries");
}

static void check_job(struct graph *graph, const struct graph_job *job)
{
    check_service(graph, job);
    if (job->unread)
        return;
    if (!job->step_count && !job->need_count && !job->defers.count)
        problem_add(&graph->problems, job->at,
                    "the job %s has nothing to do: it needs run, or needs", job->name);
    if (!job->step_count && (job->variable || job->retries || job->on_failure.count))
        problem_add(&graph->problems, job->at, "the job %s has no run that could fail", job->name);
}

/* ---- order ---- */

enum { NOT_SEEN, OPEN, DONE };

struct walk {
    struct graph *graph;
    struct graph_job **order;
    size_t count;
    struct graph_job **path; /* from the job at which the walk began */
    size_t depth;
};

static void tell_cycle(const struct walk *walk, const struct need *need)
{
    struct buffer text = {0};
    lg_defer(buffer_free, &text);
    size_t from = walk->depth;
    while (from > 0 && walk->path[from - 1] != need->job)
        from--;
    for (size_t i = from ? from - 1 : 0; i < walk->depth; i++)
        buffer_format(&text, "%s → ", walk->path[i]->name);
    buffer_add_text(&text, need->job->name);
    problem_add(&walk->graph->problems, need->at, "these jobs need each other: %s", text.text);
}

/* Depth first, without recursion: a chain may have many thousand jobs. `next` is the next need of each job of the path. */
static void visit(struct walk *walk, struct graph_job *first, size_t *next)
{
    walk->path[0] = first;
    next[0] = 0;
    walk->depth = 1;
    first->mark = OPEN;
    while (walk->depth > 0) {
        struct graph_job *job = walk->path[walk->depth - 1];
        if (next[walk->depth - 1] == job->need_count) {
            job->mark = DONE;
            job->number = walk->count;
            walk->order[walk->count++] = job;
            walk->depth--;
            continue;
        }
        const struct need *need = &job->needs[next[walk->depth - 1]++];
        if (!need->job)
            continue;
        if (need->job->mark == OPEN)
            tell_cycle(walk, need);
        if (need->job->mark != NOT_SEEN)
            continue;
        need->job->mark = OPEN;
        walk->path[walk->depth] = need->job;
        next[walk->depth++] = 0;
    }
}

static void put_in_order(struct graph *graph)
{
    struct walk walk = {.graph = graph};
    walk.order = arena_take(&graph->arena, (graph->count + 1) * sizeof(struct graph_job *));
    walk.path = need_memory(NULL, (graph->count + 1) * sizeof(struct graph_job *));
    lg_defer(free, walk.path);
    size_t *next = need_memory(NULL, (graph->count + 1) * sizeof(*next));
    lg_defer(free, next);
    for (size_t i = 0; i < graph->count; i++)
        if (graph->jobs[i]->mark == NOT_SEEN)
            visit(&walk, graph->jobs[i], next);
    graph->jobs = walk.order;
}

static void note_dependants(struct graph *graph)
{
    for (size_t i = 0; i < graph->count; i++)
        for (size_t k = 0; k < graph->jobs[i]->need_count; k++)
            if (graph->jobs[i]->needs[k].job)
                graph->jobs[i]->needs[k].job->dependant_count++;
    for (size_t i = 0; i < graph->count; i++) {
        struct graph_job *job = graph->jobs[i];
        job->dependants = arena_take(&graph->arena,
                                     (job->dependant_count + 1) * sizeof(struct graph_job *));
        job->dependant_count = 0;
    }
    for (size_t i = 0; i < graph->count; i++) {
        for (size_t k = 0; k < graph->jobs[i]->need_count; k++) {
            struct graph_job *need = graph->jobs[i]->needs[k].job;
            if (need)
                need->dependants[need->dependant_count++] = graph->jobs[i];
        }
    }
}

/* ---- locks ---- */

static bool shares_lock(const struct graph_job *a, const struct graph_job *b)
{
    for (size_t i = 0; i < a->locks.count; i++)
        for (size_t k = 0; k < b->locks.count; k++)
            if (strcmp(a->locks.items[i], b->locks.items[k]) == 0)
                return true;
    return false;
}

/* Marks a job and what needs it; the jobs are in an order in which they could run. */
static void mark_below(const struct graph *graph, const struct graph_job *top, int mark)
{
    for (size_t i = 0; i < graph->count; i++) {
        struct graph_job *job = graph->jobs[i];
        bool is_below = job == top;
        for (size_t n = 0; n < job->need_count; n++)
            is_below |= (job->needs[n].job->mark & mark) != 0;
        job->mark = is_below ? job->mark | mark : job->mark & ~mark;
    }
}

/* Marks what those need that have one mark with another. */
static void mark_needs(const struct graph *graph, int from, int mark)
{
    for (size_t i = graph->count; i-- > 0;) {
        struct graph_job *job = graph->jobs[i];
        if (job->mark & from)
            job->mark |= mark;
        for (size_t n = 0; n < job->need_count && job->mark & mark; n++)
            job->needs[n].job->mark |= mark;
    }
}

/* The first job that needs both. */
static const struct graph_job *find_common(const struct graph *graph, const struct graph_job *a,
                                           const struct graph_job *b)
{
    enum { BELOW_A = 1, BELOW_B = 2, BOTH = 3 };
    mark_below(graph, a, BELOW_A);
    mark_below(graph, b, BELOW_B);
    size_t i = 0;
    while ((graph->jobs[i]->mark & BOTH) != BOTH)
        i++;
    return graph->jobs[i];
}

static void refuse_locks(struct graph *graph, const struct graph_job *holder,
                         const struct graph_job *job)
{
    const struct graph_job *both = find_common(graph, holder, job);
    if (both == job)
        problem_add(&graph->problems, job->at, "%s waits for a lock that %s holds, which it needs",
                    job->name, holder->name);
    else
        problem_add(
            &graph->problems, job->at,
            "%s and %s have the same lock, and each holds it until %s is over, which needs both",
            holder->name, job->name, both->name);
}

/* A job holds its locks until its cleanups have run, which is after all that needs it. So nothing that has to run before that may
 * wait for them. */
static void check_locks(struct graph *graph)
{
    enum { BELOW = 1, BEFORE = 4 };
    bool *waited = need_memory(NULL, graph->count + 1);
    lg_defer(free, waited);
    for (size_t i = 0; i < graph->count; i++) {
        const struct graph_job *holder = graph->jobs[i];
        if (!holder->locks.count)
            continue;
        for (size_t k = 0; k < graph->count; k++)
            graph->jobs[k]->mark = 0;
        mark_below(graph, holder, BELOW);
        mark_needs(graph, BELOW, BEFORE);
        for (size_t k = i + 1; k < graph->count; k++)
            waited[k] = (graph->jobs[k]->mark & BEFORE) != 0;
        for (size_t k = i + 1; k < graph->count; k++)
            if (waited[k] && shares_lock(holder, graph->jobs[k]))
                refuse_locks(graph, holder, graph->jobs[k]);
    }
}

/* What the run's own cleanups print is told and kept as that of `run`. */
static void check_name_of_run(struct graph *graph, const struct graph_job *job)
{
    if (graph->defers.count && strcmp(job->name, "run") == 0)
        problem_add(
            &graph->problems, job->at,
            "run is the name of the run's own cleanups (the key defer of the file), also in the "
            "logs: call the job otherwise");
}

void graph_check(struct graph *graph)
{
    struct graph_job **sorted = sorted_jobs(graph);
    lg_defer(free, sorted);
    for (size_t i = 0; i < graph->count; i++) {
        find_needs_of(graph, sorted, graph->jobs[i]);
        check_job(graph, graph->jobs[i]);
        check_name_of_run(graph, graph->jobs[i]);
    }
    put_in_order(graph);
    note_dependants(graph);
    if (!graph->problems.count)
        check_locks(graph);
    for (size_t i = 0; i < graph->count; i++)
        graph->jobs[i]->wanted = true;
}

void graph_select(struct graph *graph, const struct words *names)
{
    for (size_t i = 0; i < graph->count; i++)
        graph->jobs[i]->wanted = names->count == 0;
    for (size_t i = 0; i < names->count; i++) {
        struct graph_job *job = graph_find(graph, names->items[i]);
        if (job)
            job->wanted = true;
        else
            unknown_job(graph, (struct place_in_file){.file = graph->path}, names->items[i]);
    }
    /* Needs come before in the order, so backwards all are found. */
    for (size_t i = graph->count; i-- > 0;)
        for (size_t k = 0; graph->jobs[i]->wanted && k < graph->jobs[i]->need_count; k++)
            if (graph->jobs[i]->needs[k].job)
                graph->jobs[i]->needs[k].job->wanted = true;
}
