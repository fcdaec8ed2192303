/* Whether the shells can read the commands of a graph. */
#define _GNU_SOURCE
#include "buffer.h"
#include "direct.h"
#include "graph.h"
#include "reading.h"

#include <errno.h>
#include <lifoguard/defer.h>
#include <lifoguard/error.h>
#include <stdlib.h>
#include <string.h>

/* ---- all commands ---- */

typedef void see_command(struct place_in_file at, const char *text, void *data);

static void see_defers(const struct deferreds *defers, see_command *see, void *data)
{
    for (size_t i = 0; i < defers->count; i++)
        see(defers->items[i].at, defers->items[i].text, data);
}

static void see_job(const struct graph_job *job, see_command *see, void *data)
{
    for (size_t i = 0; i < job->step_count; i++) {
        see(job->steps[i].at, job->steps[i].text, data);
        see_defers(&job->steps[i].defers, see, data);
    }
    see_defers(&job->defers, see, data);
    if (job->condition)
        see(job->condition_at, job->condition, data);
    if (job->ready.kind == READY_RUN)
        see(job->ready.at, job->ready.what, data);
    for (size_t i = 0; i < job->on_failure.count; i++)
        see(job->at, job->on_failure.items[i], data);
    for (size_t i = 0; i < job->on_success.count; i++)
        see(job->at, job->on_success.items[i], data);
}

/* The kernel's MAX_ARG_STRLEN: a longer argument can be passed to no program. */
enum { LONGEST_ARGUMENT = 128 * 1024 - 1 };

static void check_length(struct place_in_file at, const char *text, void *data)
{
    struct graph *graph = data;
    if (strlen(text) > LONGEST_ARGUMENT)
        problem_add(
            &graph->problems, at,
            "the command is longer than 128 KiB, which no shell can be given: put it into a script");
}

static void check_lengths(struct graph *graph)
{
    see_defers(&graph->defers, check_length, graph);
    for (size_t i = 0; i < graph->count; i++)
        see_job(graph->jobs[i], check_length, graph);
}

/* ---- what a shell has to read ---- */

/* The commands of one shell, which reads them all at once, each in parentheses of its own. */
struct dialect {
    const char *shell;
    struct buffer script;
    bool is_default;
    bool several; /* the shell has options: it reads one command after the other */
    struct reading reading;
    bool readable;
};

struct dialects {
    struct dialect *items;
    size_t count;
};

static void dialects_free(struct dialects *dialects)
{
    for (size_t i = 0; i < dialects->count; i++)
        buffer_free(&dialects->items[i].script);
    free(dialects->items);
}

static struct dialect *dialect_of(struct dialects *dialects, const char *shell)
{
    for (size_t i = 0; i < dialects->count; i++)
        if (strcmp(dialects->items[i].shell, shell) == 0)
            return &dialects->items[i];
    dialects->items = need_memory(dialects->items,
                                  (dialects->count + 1) * sizeof(*dialects->items));
    struct dialect *dialect = &dialects->items[dialects->count++];
    *dialect = (struct dialect){.shell = shell,
                                .is_default = strcmp(shell, "/bin/sh") == 0,
                                .several = strchr(shell, ' ') != NULL};
    return dialect;
}

/* What any shell can read is not read. */
static void add_command(struct place_in_file at, const char *text, void *data)
{
    (void)at;
    struct dialect *dialect = data;
    if (!dialect->is_default || !direct_is_readable(text))
        buffer_format(&dialect->script, "(\n%s\n)\n", text);
}

static const char *shell_of_defers(const struct graph *graph)
{
    const char *shell = graph->defers_scope ? graph->defers_scope->shell : NULL;
    return shell ? shell : "/bin/sh";
}

static void add_all(const struct graph *graph, struct dialects *dialects)
{
    for (size_t i = 0; i < graph->count; i++)
        see_job(graph->jobs[i], add_command, dialect_of(dialects, graph_shell_of(graph->jobs[i])));
    if (graph->defers.count)
        see_defers(&graph->defers, add_command, dialect_of(dialects, shell_of_defers(graph)));
}

/* The shells read side by side. */
static void read_all(struct dialects *dialects)
{
    for (size_t i = 0; i < dialects->count; i++) {
        struct dialect *dialect = &dialects->items[i];
        dialect->readable = dialect->script.length == 0;
        if (!dialect->readable && !dialect->several)
            reading_begin(&dialect->reading, dialect->shell, dialect->script.text,
                          dialect->script.length);
    }
    for (size_t i = 0; i < dialects->count; i++)
        if (dialects->items[i].reading.pid)
            dialects->items[i].readable = reading_end(&dialects->items[i].reading);
}

/* ---- one command after the other, to tell which is wrong ---- */

struct search {
    struct graph *graph;
    const char *shell;
    bool has_failed;     /* the shell cannot be started */
    lg_error *shortness; /* for want of processes, memory or descriptors: the file may be good */
};

static bool may_go_better(int number)
{
    return number == EAGAIN || number == ENOMEM || number == EMFILE || number == ENFILE;
}

static void check_command(struct place_in_file at, const char *text, void *data)
{
    struct search *search = data;
    if (search->has_failed)
        return;
    lg_error *err = reading_check(search->shell, text);
    if (!err)
        return;
    search->has_failed = lg_error_errno(err) != 0;
    if (may_go_better(lg_error_errno(err))) {
        search->shortness = err;
        return;
    }
    char *words = lg_error_text(err);
    problem_add(&search->graph->problems, at, "%s", words ? words : "out of memory");
    free(words);
    lg_error_free(err);
}

static lg_error *check_commands(struct graph *graph, const char *shell)
{
    struct search search = {.graph = graph, .shell = shell};
    for (size_t i = 0; i < graph->count; i++)
        if (strcmp(graph_shell_of(graph->jobs[i]), shell) == 0)
            see_job(graph->jobs[i], check_command, &search);
    if (strcmp(shell_of_defers(graph), shell) == 0)
        see_defers(&graph->defers, check_command, &search);
    return search.shortness;
}

/* ---- */

lg_error *graph_check_syntax(struct graph *graph)
{
    check_lengths(graph);
    if (graph->problems.count)
        return NULL;
    struct dialects dialects = {0};
    lg_defer(dialects_free, &dialects);
    add_all(graph, &dialects);
    read_all(&dialects);
    lg_error *err = NULL;
    for (size_t i = 0; i < dialects.count && !err; i++)
        if (!dialects.items[i].readable)
            err = check_commands(graph, dialects.items[i].shell);
    return err;
}
