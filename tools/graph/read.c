/* From nodes to a graph: each key of the schema has a function here. packaging/schema/run.schema.json says the same for
 * editors; tests/graph compares the two. */
#define _GNU_SOURCE
#include "address.h"
#include "value.h"

#include <ctype.h>
#include <lifoguard/defer.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const lg_duration default_cleanup_timeout = 10 * LG_MINUTE;
static const lg_duration default_grace = 10 * LG_SECOND;
static const lg_duration default_ready_timeout = LG_MINUTE;

struct opened {
    const struct opened *by;
    const char *path, *absolute;
};

/* ---- defer ---- */

static void key_when(struct reader *reader, const struct node *key, const struct node *value,
                     void *target)
{
    struct deferred *deferred = target;
    const char *text = read_text(reader, key->text, value);
    if (!text)
        return;
    if (strcmp(text, "failure") == 0)
        deferred->when = WHEN_FAILURE;
    else if (strcmp(text, "success") == 0)
        deferred->when = WHEN_SUCCESS;
    else if (strcmp(text, "always") != 0)
        problem_add(reader->problems, value->at, "on must be always, failure or success, not %s",
                    text);
}

static void key_deferred_run(struct reader *reader, const struct node *key,
                             const struct node *value, void *target)
{
    ((struct deferred *)target)->text = read_text(reader, key->text, value);
}

static void key_deferred_timeout(struct reader *reader, const struct node *key,
                                 const struct node *value, void *target)
{
    ((struct deferred *)target)->timeout = read_duration(reader, key->text, value);
}

static void key_deferred_grace(struct reader *reader, const struct node *key,
                               const struct node *value, void *target)
{
    ((struct deferred *)target)->grace = read_duration(reader, key->text, value);
}

static void key_deferred_retries(struct reader *reader, const struct node *key,
                                 const struct node *value, void *target)
{
    ((struct deferred *)target)->retries = read_number(reader, key->text, value, 1000);
}

static const struct map_key deferred_keys[] = {{"run", key_deferred_run},
                                               {"on", key_when},
                                               {"timeout", key_deferred_timeout},
                                               {"grace", key_deferred_grace},
                                               {"retries", key_deferred_retries}};

static void read_deferred(struct reader *reader, const struct node *node, struct deferred *deferred)
{
    *deferred = (struct deferred){
        .at = node->at, .timeout = default_cleanup_timeout, .grace = default_grace};
    if (node->kind != NODE_MAP) {
        deferred->text = read_text(reader, "defer", node);
        return;
    }
    size_t before = reader->problems->count;
    read_map(reader, node, "a cleanup", deferred_keys, COUNT(deferred_keys), deferred);
    if (!deferred->text && reader->problems->count == before)
        problem_add(reader->problems, node->at, "a cleanup needs a key run");
}

/* One or a list of them. */
static void read_deferreds(struct reader *reader, const struct node *node, struct deferreds *defers)
{
    bool list = node->kind == NODE_LIST;
    size_t count = list ? node->count : 1;
    struct deferred *items = arena_take(reader->arena,
                                        (defers->count + count + 1) * sizeof(*items));
    if (defers->count)
        memcpy(items, defers->items, defers->count * sizeof(*items));
    defers->items = items;
    for (size_t i = 0; i < count; i++)
        read_deferred(reader, list ? node->elements[i] : node, &items[defers->count++]);
}

/* ---- run ---- */

static void key_step_run(struct reader *reader, const struct node *key, const struct node *value,
                         void *target)
{
    ((struct step *)target)->text = read_text(reader, key->text, value);
    ((struct step *)target)->at = value->at;
}

static void key_step_defer(struct reader *reader, const struct node *key, const struct node *value,
                           void *target)
{
    (void)key;
    read_deferreds(reader, value, &((struct step *)target)->defers);
}

static const struct map_key step_keys[] = {{"run", key_step_run}, {"defer", key_step_defer}};

static void read_step(struct reader *reader, const struct node *node, struct step *step)
{
    step->at = node->at;
    if (node->kind != NODE_MAP) {
        step->text = read_text(reader, "run", node);
        return;
    }
    size_t before = reader->problems->count;
    read_map(reader, node, "a step", step_keys, COUNT(step_keys), step);
    if (!step->text && reader->problems->count == before)
        problem_add(reader->problems, node->at, "a step needs a key run");
}

static void key_run(struct reader *reader, const struct node *key, const struct node *value,
                    void *target)
{
    (void)key;
    struct graph_job *job = target;
    bool list = value->kind == NODE_LIST;
    job->step_count = list ? value->count : 1;
    job->steps = arena_take(reader->arena, (job->step_count + 1) * sizeof(*job->steps));
    for (size_t i = 0; i < job->step_count; i++)
        read_step(reader, list ? value->elements[i] : value, &job->steps[i]);
}

/* ---- ready ---- */

/* What `wait-for` would refuse when the service is up. */
static void check_ready(struct reader *reader, const struct ready *ready, const struct node *value)
{
    struct address address = {0};
    lg_error *err = ready->kind == READY_TCP    ? address_of_tcp(&address, ready->what)
                    : ready->kind == READY_HTTP ? address_of_http(&address, ready->what)
                                                : NULL;
    address_free(&address);
    if (!err)
        return;
    char text[256];
    lg_error_format(err, text, sizeof(text));
    lg_error_free(err);
    problem_add(reader->problems, value->at, "%s", text);
}

static void set_ready(struct reader *reader, struct ready *ready, enum ready_kind kind,
                      const struct node *key, const struct node *value)
{
    const char *text = read_text(reader, key->text, value);
    if (ready->kind != READY_NOT)
        problem_add(reader->problems, key->at,
                    "ready has one condition: one of run, tcp, file, http");
    ready->kind = kind;
    ready->what = text ? text : "";
    if (text)
        check_ready(reader, ready, value);
}

static void key_ready_run(struct reader *reader, const struct node *key, const struct node *value,
                          void *target)
{
    set_ready(reader, target, READY_RUN, key, value);
}

static void key_ready_tcp(struct reader *reader, const struct node *key, const struct node *value,
                          void *target)
{
    set_ready(reader, target, READY_TCP, key, value);
}

static void key_ready_file(struct reader *reader, const struct node *key, const struct node *value,
                           void *target)
{
    set_ready(reader, target, READY_FILE, key, value);
}

static void key_ready_http(struct reader *reader, const struct node *key, const struct node *value,
                           void *target)
{
    set_ready(reader, target, READY_HTTP, key, value);
}

static void key_ready_timeout(struct reader *reader, const struct node *key,
                              const struct node *value, void *target)
{
    ((struct ready *)target)->timeout = read_duration(reader, key->text, value);
}

static const struct map_key ready_keys[] = {{"run", key_ready_run},
                                            {"tcp", key_ready_tcp},
                                            {"file", key_ready_file},
                                            {"http", key_ready_http},
                                            {"timeout", key_ready_timeout}};

static void key_ready(struct reader *reader, const struct node *key, const struct node *value,
                      void *target)
{
    struct ready *ready = &((struct graph_job *)target)->ready;
    ready->at = value->at;
    ready->timeout = default_ready_timeout;
    if (value->kind != NODE_MAP) {
        set_ready(reader, ready, READY_RUN, key, value);
        return;
    }
    size_t before = reader->problems->count;
    read_map(reader, value, "ready", ready_keys, COUNT(ready_keys), ready);
    if (ready->kind == READY_NOT && reader->problems->count == before)
        problem_add(reader->problems, value->at, "ready needs one of run, tcp, file, http");
}

/* ---- other keys of a job ---- */

static void key_defer(struct reader *reader, const struct node *key, const struct node *value,
                      void *target)
{
    (void)key;
    read_deferreds(reader, value, &((struct graph_job *)target)->defers);
}

static void add_need(struct reader *reader, struct graph_job *job, const struct node *node)
{
    const char *name = read_text(reader, "needs", node);
    if (name)
        job->needs[job->need_count++] = (struct need){.at = node->at, .name = name};
}

static void key_needs(struct reader *reader, const struct node *key, const struct node *value,
                      void *target)
{
    struct graph_job *job = target;
    bool list = value->kind == NODE_LIST;
    size_t count = list ? value->count : 1;
    job->need_count = 0; /* a key that is there twice is a problem, but is read */
    job->needs = arena_take(reader->arena, (count + 1) * sizeof(*job->needs));
    if (value->kind == NODE_MAP)
        problem_add(reader->problems, value->at, "%s must be the name of a job or a list of names",
                    key->text);
    for (size_t i = 0; value->kind != NODE_MAP && i < count; i++)
        add_need(reader, job, list ? value->elements[i] : value);
}

static void key_timeout(struct reader *reader, const struct node *key, const struct node *value,
                        void *target)
{
    ((struct graph_job *)target)->timeout = read_duration(reader, key->text, value);
}

static void key_grace(struct reader *reader, const struct node *key, const struct node *value,
                      void *target)
{
    ((struct graph_job *)target)->grace = read_duration(reader, key->text, value);
}

static void key_retries(struct reader *reader, const struct node *key, const struct node *value,
                        void *target)
{
    ((struct graph_job *)target)->retries = read_number(reader, key->text, value, 1000);
}

static void key_env(struct reader *reader, const struct node *key, const struct node *value,
                    void *target)
{
    (void)key;
    read_environment(reader, value, &((struct graph_job *)target)->environment);
}

/* `env` wins over `env_file`, in whatever order they stand: see read_job. */
static void key_env_file(struct reader *reader, const struct node *key, const struct node *value,
                         void *target)
{
    (void)key;
    (void)reader;
    (void)value;
    (void)target;
}

static void key_dir(struct reader *reader, const struct node *key, const struct node *value,
                    void *target)
{
    ((struct graph_job *)target)->directory = read_text(reader, key->text, value);
}

static void key_shell(struct reader *reader, const struct node *key, const struct node *value,
                      void *target)
{
    ((struct graph_job *)target)->shell = read_text(reader, key->text, value);
}

static void key_args(struct reader *reader, const struct node *key, const struct node *value,
                     void *target)
{
    struct graph_job *job = target;
    job->has_args = true;
    if (value->kind != NODE_LIST) {
        job->args = read_words(reader, key->text, value);
        return;
    }
    /* An argument may be empty. */
    for (size_t i = 0; i < value->count; i++) {
        if (value->elements[i]->kind != NODE_SCALAR)
            problem_add(reader->problems, value->elements[i]->at,
                        "an argument must be text, not %s", node_kind_name(value->elements[i]));
        words_add(reader->arena, &job->args, value->elements[i]->text);
    }
}

static void key_on_failure(struct reader *reader, const struct node *key, const struct node *value,
                           void *target)
{
    ((struct graph_job *)target)->on_failure = read_words(reader, key->text, value);
}

static void key_on_success(struct reader *reader, const struct node *key, const struct node *value,
                           void *target)
{
    ((struct graph_job *)target)->on_success = read_words(reader, key->text, value);
}

static void key_if(struct reader *reader, const struct node *key, const struct node *value,
                   void *target)
{
    ((struct graph_job *)target)->condition = read_text(reader, key->text, value);
    ((struct graph_job *)target)->condition_at = value->at;
}

static void key_lock(struct reader *reader, const struct node *key, const struct node *value,
                     void *target)
{
    struct graph_job *job = target;
    job->locks = read_words(reader, key->text, value);
    for (size_t i = 0; i < job->locks.count; i++) {
        const char *name = job->locks.items[i];
        bool listed = value->kind == NODE_LIST && value->count == job->locks.count;
        struct place_in_file at = listed ? value->elements[i]->at : value->at;
        if (*name == '.' || strchr(name, '/') || strlen(name) > 200)
            problem_add(reader->problems, at, "not a name for a lock: %s", name);
        for (size_t k = 0; k < i; k++)
            if (strcmp(job->locks.items[k], name) == 0)
                problem_add(reader->problems, at, "the lock %s is here twice", name);
    }
}

static void key_for(struct reader *reader, const struct node *key, const struct node *value,
                    void *target)
{
    struct graph_job *job = target;
    const struct node *list = value;
    job->variable = "ITEM";
    job->for_at = value->at;
    if (value->kind == NODE_MAP && value->count == 1) {
        struct words name = {0};
        struct node empty = {.text = "", .plain = true};
        struct node *names[] = {value->keys[0]};
        struct node *values[] = {&empty};
        struct node map = {.kind = NODE_MAP, .keys = names, .elements = values, .count = 1};
        read_environment(reader, &map, &name);
        job->variable = value->keys[0]->text;
        list = value->elements[0];
    }
    if (list->kind != NODE_LIST)
        problem_add(reader->problems, list->at, "%s must be a list, or NAME: with a list",
                    key->text);
    else
        job->passes = read_words(reader, "an element of for", list);
}

static void key_wait(struct reader *reader, const struct node *key, const struct node *value,
                     void *target)
{
    ((struct graph_job *)target)->wait = read_truth(reader, key->text, value);
    ((struct graph_job *)target)->wait_at = key->at;
}

static const struct map_key job_keys[] = {{"run", key_run},
                                          {"defer", key_defer},
                                          {"needs", key_needs},
                                          {"timeout", key_timeout},
                                          {"grace", key_grace},
                                          {"retries", key_retries},
                                          {"env", key_env},
                                          {"env_file", key_env_file},
                                          {"dir", key_dir},
                                          {"shell", key_shell},
                                          {"args", key_args},
                                          {"on_failure", key_on_failure},
                                          {"on_success", key_on_success},
                                          {"ready", key_ready},
                                          {"if", key_if},
                                          {"lock", key_lock},
                                          {"for", key_for},
                                          {"wait", key_wait}};

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
        problem_add(reader->problems, key->at,
                    "the name of a job has letters, digits and -_.: only, and at most 100: %s",
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
    read_map(reader, value, what, job_keys, COUNT(job_keys), job);
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

/* x-NAME holds what only aliases of it mean. */
static void key_extension(struct reader *reader, const struct node *key, const struct node *value,
                          void *target)
{
    (void)reader;
    (void)key;
    (void)value;
    (void)target;
}

static const struct map_key file_keys[] = {
    {"jobs", key_jobs},         {"defer", key_file_defer},
    {"include", key_include},   {"timeout", key_file_timeout},
    {"grace", key_file_grace},  {"env", key_file_env},
    {"env_file", key_env_file}, {"dir", key_file_dir},
    {"shell", key_file_shell},  {"x-", key_extension}};

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
    if (is_open(reader, at, absolute))
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
