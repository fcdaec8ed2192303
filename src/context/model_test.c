/* Random trees of contexts, compared at every step with a plain model of them: an array that is searched through. C1 to C5,
 * C7. */
#include "testing/context.h"

enum { RUNS = 1000, NODES = 60, STEPS = 250, KEYS = 4, CAUSES = 5 };

static const lg_context_key keys[KEYS] = {{"0", NULL}, {"1", NULL}, {"2", NULL}, {"3", NULL}};
static lg_error *causes[CAUSES];
static LG_ERROR_DEFINE(why_0, "0");
static LG_ERROR_DEFINE(why_1, "1");
static LG_ERROR_DEFINE(why_2, "2");

struct node {
    lg_context *ctx;         /* NULL: free */
    int parent, second;      /* that cancel it; -1: none */
    int values, more_values; /* where values are looked for: -1: nowhere else */
    int key;                 /* -1: it has no value */
    void *value;
    const lg_error *err, *cause; /* NULL: not done */
    lg_time deadline;
    lg_context_func func;
    bool has_func, ended;
};

static struct {
    struct node node[NODES];
    int count, expected_calls;
    uint64_t random;
} model;
static _Atomic int calls;

static int below(int limit)
{
    model.random ^= model.random << 13;
    model.random ^= model.random >> 7;
    model.random ^= model.random << 17;
    return (int)((model.random >> 11) % (uint64_t)limit);
}

static void call(void)
{
    atomic_fetch_add(&calls, 1);
}

static void become_done(struct node *node, const lg_error *err, const lg_error *cause)
{
    node->err = err;
    node->cause = cause;
    if (node->has_func)
        model.expected_calls++;
    node->has_func = false;
}

/* Whoever has a parent that is done, is done, until nothing changes any more. */
static void spread(void)
{
    for (bool changed = true; changed;) {
        changed = false;
        for (int i = 0; i < model.count; i++) {
            struct node *node = &model.node[i];
            int from[] = {node->parent, node->second};
            for (int j = 0; j < 2; j++) {
                if (!node->err && from[j] >= 0 && model.node[from[j]].err) {
                    become_done(node, model.node[from[j]].err, model.node[from[j]].cause);
                    changed = true;
                }
            }
        }
    }
}

/* The node that has it, or -1. */
static int holder_of(int at, int key)
{
    for (; at >= 0; at = model.node[at].values) {
        if (model.node[at].key == key)
            return at;
        if (model.node[at].more_values >= 0) {
            int holder = holder_of(model.node[at].values, key);
            return holder >= 0 ? holder : holder_of(model.node[at].more_values, key);
        }
    }
    return -1;
}

static void *value_of(int at, int key)
{
    int holder = holder_of(at, key);
    return holder < 0 ? NULL : model.node[holder].value;
}

/* One that has not ended, or -1: the background. */
static int some_node(void)
{
    int at = below(model.count + 1) - 1;
    return at >= 0 && model.node[at].ended ? -1 : at;
}

static const lg_context *context_at(int at)
{
    return at < 0 ? lg_context_background() : model.node[at].ctx;
}

static lg_duration deadline_at(int at)
{
    return at < 0 ? LG_DURATION_MAX : model.node[at].deadline;
}

static void add_node(void)
{
    int parent = some_node(), second = -1;
    const lg_context *above = context_at(parent);
    struct node node = {.parent = parent,
                        .second = -1,
                        .values = parent,
                        .more_values = -1,
                        .key = -1,
                        .deadline = deadline_at(parent)};
    lg_time when = 1000 * LG_HOUR + below(1000) * LG_SECOND;
    bool expired = false;
    lg_error *cause = NULL;
    if (model.count == NODES)
        return;
    switch (below(8)) {
    case 0:
        node.key = below(KEYS);
        node.value = &model.node[below(NODES)];
        node.ctx = lg_context_with_value(above, &keys[node.key], node.value);
        break;
    case 1:
        node.ctx = lg_context_without_cancel(above);
        node.parent = -1;
        node.deadline = LG_DURATION_MAX;
        break;
    case 2:
    case 3:
        expired = below(6) == 0;
        if (expired)
            when = below(100);
        cause = causes[below(CAUSES)];
        node.ctx = lg_context_with_deadline(above, when, .cause = cause);
        if (when < node.deadline)
            node.deadline = when;
        else
            expired = false; /* it is the parent's */
        break;
    case 4:
        second = some_node();
        node.ctx = lg_context_merge(above, context_at(second));
        node.second = node.more_values = second;
        if (deadline_at(second) < node.deadline)
            node.deadline = deadline_at(second);
        if (parent < 0) { /* the background has no values */
            node.values = second;
            node.more_values = -1;
        }
        break;
    default: node.ctx = lg_context_with_cancel(above); break;
    }
    model.node[model.count++] = node;
    spread();
    struct node *made = &model.node[model.count - 1];
    if (expired && !made->err)
        become_done(made, &lg_error_deadline_exceeded, cause ? cause : &lg_error_deadline_exceeded);
}

static void cancel_one(struct node *node)
{
    lg_error *cause = causes[below(CAUSES)];
    lg_context_cancel_cause(node->ctx, cause);
    if (!node->err)
        become_done(node, &lg_error_cancelled, cause ? cause : &lg_error_cancelled);
    spread();
}

static void end_node(struct node *node)
{
    if (!node->err)
        become_done(node, &lg_error_cancelled, &lg_error_cancelled);
    spread();
    lg_context_free(node->ctx);
    node->ended = true;
}

static void change_func(struct node *node)
{
    if (!node->func.lgi_after || (node->err && !node->has_func)) {
        node->func = lg_context_on_done(node->ctx, call);
        if (node->err)
            model.expected_calls++;
        else
            node->has_func = true;
        return;
    }
    ck_assert(lg_context_func_stop(&node->func) == node->has_func);
    node->has_func = false;
    node->func = (lg_context_func){0};
}

static void compare(void)
{
    for (int i = 0; i < model.count; i++) {
        const struct node *node = &model.node[i];
        lg_time when = LG_DURATION_MAX;
        if (node->ended)
            continue;
        must(lg_context_error(node->ctx) == node->err);
        must(lg_context_cause(node->ctx) == node->cause);
        must(lg_context_deadline(node->ctx, &when) == (node->deadline != LG_DURATION_MAX));
        must(when == node->deadline);
        for (int key = 0; key < KEYS; key++)
            must(lg_context_value(node->ctx, &keys[key]) == value_of(i, key));
        if (node->err) {
            must(!node->ctx->children.first);
            must(!node->ctx->child.linked);
        }
    }
}

static void run(uint64_t seed)
{
    memset(&model, 0, sizeof(model));
    model.random = seed * 0x9e3779b97f4a7c15 | 1;
    atomic_store(&calls, 0);
    for (int step = 0; step < STEPS; step++) {
        int at = some_node();
        int what = below(10);
        if (at < 0 || what < 5)
            add_node();
        else if (what < 6)
            cancel_one(&model.node[at]);
        else if (what < 7)
            end_node(&model.node[at]);
        else
            change_func(&model.node[at]);
        compare();
    }
    while (model.count > 0) { /* in any order */
        int at = below(model.count);
        if (!model.node[at].ended)
            end_node(&model.node[at]);
        compare();
        if (model.node[model.count - 1].ended)
            model.count--;
    }
    eventually(atomic_load(&calls) == model.expected_calls);
}

static void run_all(void)
{
    causes[0] = &why_0;
    causes[1] = &why_1;
    causes[2] = &why_2; /* the others are NULL */
    for (int seed = 1; seed <= some_of(RUNS); seed++)
        run((uint64_t)seed);
}

START_TEST(random_trees_do_as_a_plain_model_does)
{
    run_all();
}
END_TEST

START_TEST(random_trees_of_a_goroutine)
{
    in_goroutine(run_all);
}
END_TEST

RUN_TESTS("model", random_trees_do_as_a_plain_model_does, random_trees_of_a_goroutine)
