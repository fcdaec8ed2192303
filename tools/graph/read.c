/* From nodes to a graph: each key of the schema has a function here, or in read_job.c. packaging/schema/run.schema.json says the same for
 * editors; tests/graph compares the two. */
#define _GNU_SOURCE
#include "value.h"

#include <ctype.h>
#include <lifoguard/defer.h>
#include <stdlib.h>
#include <string.h>

struct opened {
    const struct opened *by;
    const char *path, *absolute;
};

/* ---- jobs ---- */

static bool is_job_name(const char *name)
{
    if (!isalnum((unsigned char)*name) && *name != '_')
        return false;
    for (; *name; name++)
        if (!isalnum((unsigned char)*name) && !strchr("_-.:", *name))
            return false;
    return true;
}

static struct graph_job *add_job(struct reader *reader, const struct node *key)
{
    struct graph *graph = reader->graph;
    if (graph->count == graph->room) {
        graph->room = 2 * graph->room + 16;
        struct graph_job **jobs = arena_take(&graph->arena, graph->room * sizeof(*jobs));
        if (graph->count)
            memcpy(jobs, graph->jobs, graph->count * sizeof(*jobs));
        graph->jobs = jobs;
    }
    struct graph_job *job = arena_take(&graph->arena, sizeof(*job));
    *job =
        (struct graph_job){.at = key->at, .name = key->text, .scope = reader->scope, .grace = -1};
    graph->jobs[graph->count++] = job;
    return job;
}

/* A name that another file has used; within a file it is a key that is there twice. */
static void check_job_name(struct reader *reader, const struct node *key)
{
    if (!is_job_name(key->text) || strlen(key->text) > 100)
        problem_add(
            reader->problems, key->at,
            "the name of a job has letters, digits and -_.: only, at most 100, and begins with a letter, digit or _: %s",
            key->text);
    const struct graph_job *same = reader->scope == reader->graph->scopes[0] &&
                                           reader->graph->scope_count == 1
                                       ? NULL
                                       : graph_find(reader->graph, key->text);
    if (same && same->scope != reader->scope)
        problem_add(reader->problems, key->at, "there is a job %s already, in %s:%u:%u", key->text,
                    same->at.file, same->at.line, same->at.column);
}

static void read_job(struct reader *reader, const struct node *key, const struct node *value)
{
    check_job_name(reader, key);
    struct graph_job *job = add_job(reader, key);
    const struct node *file = node_find(value, "env_file");
    if (file)
        read_environment_file(reader, file, &job->environment);
    /* "the job NAME has no key …" */
    const char *what = arena_format(reader->arena, "the job %s", key->text);
    size_t before = reader->problems->count;
    read_job_keys(reader, value, what, job);
    job->unread = reader->problems->count > before && !job->step_count;
}

static void key_jobs(struct reader *reader, const struct node *key, const struct node *value,
                     void *target)
{
    (void)target;
    if (value->kind != NODE_MAP) {
        problem_add(reader->problems, value->at, "%s must be a map of names and jobs, not %s",
                    key->text, node_kind_name(value));
        return;
    }
    for (size_t i = 0; i < value->count; i++)
        if (value->keys[i]->kind == NODE_SCALAR) /* or it is a problem already */
            read_job(reader, value->keys[i], value->elements[i]);
}

/* ---- keys of a file ---- */

static void read_file(struct reader *reader, struct place_in_file at, const char *path);

static void key_include(struct reader *reader, const struct node *key, const struct node *value,
                        void *target)
{
    (void)target;
    struct words paths = read_words(reader, key->text, value);
    for (size_t i = 0; i < paths.count; i++) {
        const struct node *at = value->kind == NODE_LIST && i < value->count ? value->elements[i]
                                                                             : value;
        read_file(reader, at->at, read_path(reader, paths.items[i]));
    }
}

static void key_file_defer(struct reader *reader, const struct node *key, const struct node *value,
                           void *target)
{
    (void)target;
    if (reader->opened->by)
        problem_add(reader->problems, key->at, "only the file that is run may have %s here",
                    key->text);
    reader->graph->defers_scope = reader->scope;
    read_deferreds(reader, value, &reader->graph->defers);
}

static void key_file_timeout(struct reader *reader, const struct node *key,
                             const struct node *value, void *target)
{
    (void)target;
    if (reader->opened->by)
        problem_add(reader->problems, key->at, "only the file that is run may have %s here",
                    key->text);
    reader->graph->timeout = read_duration(reader, key->text, value);
}

static void key_file_grace(struct reader *reader, const struct node *key, const struct node *value,
                           void *target)
{
    ((struct file_scope *)target)->grace = read_duration(reader, key->text, value);
}

static void key_file_env(struct reader *reader, const struct node *key, const struct node *value,
                         void *target)
{
    (void)key;
    read_environment(reader, value, &((struct file_scope *)target)->environment);
}

static void key_file_dir(struct reader *reader, const struct node *key, const struct node *value,
                         void *target)
{
    ((struct file_scope *)target)->directory = read_text(reader, key->text, value);
}

static void key_file_shell(struct reader *reader, const struct node *key, const struct node *value,
                           void *target)
{
    ((struct file_scope *)target)->shell = read_text(reader, key->text, value);
}

/* x-NAME holds what only aliases of it mean; `env` wins over `env_file`, in whatever order they stand: see read_root. */
static void key_ignored(struct reader *reader, const struct node *key, const struct node *value,
                        void *target)
{
    (void)reader;
    (void)key;
    (void)value;
    (void)target;
}

static const struct map_key file_keys[] = {{"jobs", key_jobs},        {"defer", key_file_defer},
                                           {"include", key_include},  {"timeout", key_file_timeout},
                                           {"grace", key_file_grace}, {"env", key_file_env},
                                           {"env_file", key_ignored}, {"dir", key_file_dir},
                                           {"shell", key_file_shell}, {"x-", key_ignored}};

static struct file_scope *add_scope(struct reader *reader, struct place_in_file at,
                                    const char *path)
{
    struct graph *graph = reader->graph;
    if (graph->scope_count == COUNT(graph->scopes)) {
        problem_add(reader->problems, at, "more than %zu files", COUNT(graph->scopes));
        return NULL;
    }
    struct file_scope *scope = arena_take(reader->arena, sizeof(*scope));
    const char *slash = strrchr(path, '/');
    *scope = (struct file_scope){.path = path, .folder = ".", .grace = -1};
    if (slash)
        scope->folder = slash == path ? "/"
                                      : arena_copy(reader->arena, path, (size_t)(slash - path));
    graph->scopes[graph->scope_count++] = scope;
    return scope;
}

static bool is_open(struct reader *reader, struct place_in_file at, const char *absolute)
{
    for (const struct opened *opened = reader->opened; opened; opened = opened->by) {
        if (strcmp(opened->absolute, absolute) == 0) {
            problem_add(reader->problems, at, "%s includes itself", opened->path);
            return true;
        }
    }
    return false;
}

/* Two files may include a third one, whose jobs are there once. */
static bool is_read(const struct graph *graph, const char *absolute)
{
    for (size_t i = 0; i < graph->scope_count; i++)
        if (strcmp(graph->scopes[i]->absolute, absolute) == 0)
            return true;
    return false;
}

static void read_root(struct reader *reader, const struct node *root, struct file_scope *scope)
{
    const struct node *file = node_find(root, "env_file");
    if (file)
        read_environment_file(reader, file, &scope->environment);
    size_t before = reader->problems->count;
    read_map(reader, root, "a file", file_keys, COUNT(file_keys), scope);
    if (reader->problems->count == before && !node_find(root, "jobs") &&
        !node_find(root, "include"))
        problem_add(reader->problems, root->at, "a file needs a key jobs");
}

static void read_file(struct reader *reader, struct place_in_file at, const char *path)
{
    char *real = strcmp(path, "-") == 0 ? NULL : realpath(path, NULL);
    lg_defer(free, real);
    const char *absolute = real ? arena_copy(reader->arena, real, strlen(real)) : path;
    if (is_open(reader, at, absolute) || is_read(reader->graph, absolute))
        return;
    struct place_in_file at_file = at.line ? at : (struct place_in_file){.file = path};
    size_t length = 0;
    char *text = read_whole_file(reader, at_file, path, &length);
    if (!text)
        return;
    lg_defer(free, text);
    struct reader inner = *reader;
    inner.scope = add_scope(reader, at, path);
    if (!inner.scope)
        return;
    inner.scope->absolute = absolute;
    struct opened opened = {.by = reader->opened, .path = path, .absolute = absolute};
    inner.opened = &opened;
    unsigned order = ++inner.files;
    size_t before = reader->problems->count;
    const struct node *root = node_read(text, length, path, order, inner.arena, inner.problems);
    if (root)
        read_root(&inner, root, inner.scope);
    else if (reader->problems->count == before)
        problem_add(reader->problems, (struct place_in_file){path, 1, 1, order},
                    "the file is empty");
    reader->files = inner.files;
}

void graph_read(struct graph *graph, const char *path)
{
    graph->problems.arena = &graph->arena;
    graph->path = path;
    struct reader reader = {.graph = graph, .arena = &graph->arena, .problems = &graph->problems};
    read_file(&reader, (struct place_in_file){.file = path}, path);
}

void graph_free(struct graph *graph)
{
    arena_free(&graph->arena);
}
