/* From nodes to a job: each key of a job has a function here. */
#include "address.h"
#include "value.h"

#include <stdlib.h>
#include <string.h>

static const lg_duration default_cleanup_timeout = 10 * LG_MINUTE;
static const lg_duration default_grace = 10 * LG_SECOND;
static const lg_duration default_ready_timeout = LG_MINUTE;

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
void read_deferreds(struct reader *reader, const struct node *node, struct deferreds *defers)
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

/* `env` wins over `env_file`, in whatever order they stand: see read_job in read.c. */
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

void read_job_keys(struct reader *reader, const struct node *node, const char *what,
                   struct graph_job *job)
{
    read_map(reader, node, what, job_keys, COUNT(job_keys), job);
}
