/* Starts the command of a job, with its environment, directory and descriptors. */
#define _GNU_SOURCE
#include "child.h"
#include "direct.h"
#include "launch.h"
#include "work.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- environment ---- */

static void assign_all(struct arena *arena, struct words *words, const struct words *from)
{
    for (size_t i = 0; i < from->count; i++) {
        const char *equals = strchr(from->items[i], '=');
        if (equals)
            words_assign(arena, words,
                         arena_copy(arena, from->items[i], (size_t)(equals - from->items[i])),
                         equals + 1);
    }
}

static const struct file_scope *scope_of(const struct work *work)
{
    const struct graph *graph = work->engine->graph;
    if (work->job)
        return work->job->scope;
    return graph->defers_scope ? graph->defers_scope : graph->scopes[0];
}

struct words work_environment(struct work *work, const char *pass)
{
    struct engine *engine = work->engine;
    struct arena *arena = engine->arena;
    struct words words = {0};
    for (size_t i = 0; i < engine->environment.count; i++)
        words_add(arena, &words, engine->environment.items[i]);
    assign_all(arena, &words, &scope_of(work)->environment);
    assign_all(arena, &words, &work->exports);
    if (work->job)
        assign_all(arena, &words, &work->job->environment);
    if (pass && work->job)
        words_assign(arena, &words, work->job->variable, pass);
    if (work->job)
        words_assign(arena, &words, "LIFOGUARD_JOB", work->name);
    if (work->exports_path)
        words_assign(arena, &words, "LIFOGUARD_ENV", work->exports_path);
    return words;
}

const char *work_directory(const struct work *work)
{
    if (work->job && work->job->directory)
        return work->job->directory;
    return scope_of(work)->directory;
}

/* ---- arguments ---- */

static const char *shell_of(const struct work *work)
{
    if (work->job)
        return graph_shell_of(work->job);
    const char *shell = scope_of(work)->shell;
    return shell ? shell : "/bin/sh";
}

/* `bash -o pipefail` is a shell with its options. */
static void add_shell(struct work *work, struct words *words)
{
    struct arena *arena = work->engine->arena;
    const char *shell = shell_of(work);
    char *rest = arena_copy(arena, shell, strlen(shell));
    for (char *word; (word = strsep(&rest, " ")) != NULL;)
        if (*word)
            words_add(arena, words, word);
}

const char *const *work_arguments(struct work *work, const char *text, bool strict)
{
    struct arena *arena = work->engine->arena;
    struct words words = {0};
    add_shell(work, &words);
    words_add(arena, &words, strict ? "-euc" : "-ec");
    words_add(arena, &words, text);
    words_add(arena, &words, work->name);
    if (work->job && work->job->has_args) {
        for (size_t i = 0; i < work->job->args.count; i++)
            words_add(arena, &words, work->job->args.items[i]);
        return words.items;
    }
    for (char *const *more = work->engine->options->arguments; *more; more++)
        words_add(arena, &words, *more);
    return words.items;
}

/* ---- start ---- */

/* A command with the PATH by which this process looks for programs, in the directory that PWD names. */
static bool is_found_as_here(const struct work *work, const struct words *environment)
{
    const char *path = getenv("PATH");
    if (!path || work_directory(work))
        return false;
    for (size_t i = environment->count; i-- > 0;)
        if (strncmp(environment->items[i], "PATH=", 5) == 0)
            return strcmp(environment->items[i] + 5, path) == 0;
    return false;
}

/* Its words without a shell, if that is the same. */
static char **words_without_shell(const struct work *work, const char *text,
                                  const struct words *environment)
{
    bool same = strcmp(shell_of(work), "/bin/sh") == 0 && is_found_as_here(work, environment);
    return same ? direct_words(text) : NULL;
}

/* The engine has given up its terminal (engine.c), and only the leader of a session can acquire one: so the command has none. */
lg_error *spawn(struct task *task, const char *const *arguments, const struct words *environment,
                int output, lg_duration limit)
{
    lg_func (lg_error *, err) {
        struct work *work = task->work;
        const char *text = task->text;
        const char *directory = work_directory(work);
        if (directory && access(directory, X_OK) != 0)
            lg_return(lg_error_new_errno("dir %s", directory));
        union {
            char **mine;
            const char *const *text;
        } direct = {.mine = arguments ? NULL : words_without_shell(work, text, environment)};
        lg_defer(free, direct.mine);
        struct launch launch = {.environment = environment->items,
                                .directory = directory,
                                .empty_input = true,
                                .output = {output, output},
                                .words = {direct.text, arguments}};
        launch_as_born(&launch, work->engine->birth);
        if (!arguments)
            launch.words[1] = work_arguments(work, text, false);
        const struct job_options options = {
            .limit = limit, .grace = work->job ? graph_grace_of(work->job) : 10 * LG_SECOND};
        lg_return(job_start(&task->job, &launch, &options));
    }
}
