#include "project.h"

#include "made.h"
#include "model.h"
#include "neighbours.h"

#include <pthread.h>
#include <string.h>

#define DEEPEST 6 /* functions that pass an argument on to each other */

struct definitions {
    VEC(struct summary) at;
};

struct releases {
    VEC(struct pair_use) at;
};

/* Kept to the end of the process; written before the first scope is made, only read afterwards. */
static struct arena memory;
static struct map functions; /* name to struct definitions */
static struct map pairs;     /* acquire to struct releases */
static struct map passes;    /* function to struct pass_use */
static struct map made;      /* function to struct made_use */
static struct map paths;

struct scope {
    struct arena arena;
    struct unit *unit;
    struct map known; /* name to struct summary, or to &absent */
    struct map asked;
    scope_names names;
    struct neighbour_budget budget;
    int depth;
};

static struct summary absent;

static void add_pair(const struct pair_use *pair)
{
    struct releases *releases = map_get(&pairs, pair->acquire);
    if (!releases) {
        releases = NEW(&memory, struct releases);
        map_set(&pairs, pair->acquire, releases);
    }
    EACH (known, &releases->at)
        if (known->release == pair->release) {
            known->functions += pair->functions;
            return;
        }
    *ADD(&memory, &releases->at) = *pair;
}

static void add_pass(const struct pass_use *pass)
{
    struct pass_use *known = map_get(&passes, pass->function);
    if (!known) {
        known = NEW(&memory, struct pass_use);
        known->function = pass->function;
        map_set(&passes, pass->function, known);
    }
    known->released += pass->released;
    known->kept += pass->kept;
}

static void add_made(const struct made_use *use)
{
    struct made_use *known = map_get(&made, use->function);
    if (!known) {
        known = NEW(&memory, struct made_use);
        known->function = use->function;
        map_set(&made, use->function, known);
    }
    known->released += use->released;
    known->dropped += use->dropped;
}

static void add_function(const struct summary *function)
{
    struct definitions *definitions = map_get(&functions, function->name);
    if (!definitions) {
        definitions = NEW(&memory, struct definitions);
        map_set(&functions, function->name, definitions);
    }
    *ADD(&memory, &definitions->at) = *function;
}

void project_add(const char *path, char *text)
{
    struct file_summary file = {0};
    const char *key = intern_string(path);
    if (map_get(&paths, key) || !file_summary_read(&memory, text, &file))
        return;
    map_set(&paths, key, key);
    EACH (function, &file.functions)
        add_function(function);
    EACH (pair, &file.pairs)
        add_pair(pair);
    EACH (pass, &file.passes)
        add_pass(pass);
    EACH (use, &file.made)
        add_made(use);
}

struct scope *scope_new(struct unit *unit)
{
    struct arena arena = {0};
    struct scope *scope = NEW(&arena, struct scope);
    scope->arena = arena;
    scope->unit = unit;
    return scope;
}

void scope_free(struct scope *scope)
{
    struct arena arena = scope->arena;
    map_free(&scope->known);
    map_free(&scope->asked);
    arena_free(&arena);
}

static bool same_parameter(const struct parameter_summary *a, const struct parameter_summary *b)
{
    return a->effect == b->effect && a->final == b->final && a->members == b->members &&
           a->shares == b->shares && a->acquires == b->acquires && a->forwards.count == 0 &&
           b->forwards.count == 0;
}

/* Several programs of one tree define functions of the same name: what they agree in is known. */
static void merge(struct scope *scope, struct summary *merged, const struct summary *other)
{
    merged->never_returns &= other->never_returns;
    merged->unlocks |= other->unlocks;
    if (merged->result != other->result || merged->resource != other->resource ||
        merged->forward != other->forward)
        merged->result = RESULT_UNKNOWN;
    if (merged->parameters.count > other->parameters.count)
        merged->parameters.count = other->parameters.count;
    struct summary copy = *merged;
    merged->parameters.at = NULL;
    merged->parameters.count = merged->parameters.room = 0;
    for (int i = 0; i < copy.parameters.count; i++) {
        struct parameter_summary *parameter = ADD(&scope->arena, &merged->parameters);
        bool leaves_alone = copy.parameters.at[i].leaves_alone &&
                            other->parameters.at[i].leaves_alone;
        if (same_parameter(&copy.parameters.at[i], &other->parameters.at[i]))
            *parameter = copy.parameters.at[i];
        parameter->leaves_alone = leaves_alone;
    }
}

static const struct summary *find_entry(struct scope *scope, const char *name)
{
    const struct definitions *definitions = map_get(&functions, name);
    if (!definitions)
        return scope->unit ? neighbours_find(scope->unit, name, &scope->budget) : NULL;
    if (definitions->at.count == 1)
        return &definitions->at.at[0];
    struct summary *merged = NEW(&scope->arena, struct summary);
    *merged = definitions->at.at[0];
    for (int i = 1; i < definitions->at.count; i++)
        merge(scope, merged, &definitions->at.at[i]);
    return merged;
}

static void note_asked(struct scope *scope, const char *name)
{
    if (map_get(&scope->asked, name))
        return;
    map_set(&scope->asked, name, name);
    *ADD(&scope->arena, &scope->names) = name;
}

const struct summary *scope_function(struct scope *scope, const char *name)
{
    note_asked(scope, name);
    const struct summary *known = map_get(&scope->known, name);
    if (!known) {
        known = find_entry(scope, name);
        map_set(&scope->known, name, known ? known : &absent);
    }
    return known == &absent ? NULL : known;
}

static struct parameter_summary forwarded(struct scope *scope, const struct forward *forward)
{
    const struct summary *callee = scope_function(scope, forward->callee);
    if (!callee || forward->argument >= callee->parameters.count)
        return (struct parameter_summary){0};
    return scope_parameter(scope, &callee->parameters.at[forward->argument]);
}

/* Each of several functions gets it, on some paths. */
static void combine(struct scope *scope, const struct parameter_summary *parameter,
                    struct parameter_summary *resolved)
{
    resolved->effect = EFFECT_NONE;
    EACH (forward, &parameter->forwards) {
        struct parameter_summary one = forwarded(scope, forward);
        resolved->shares |= one.shares;
        if (one.effect == EFFECT_UNKNOWN) {
            resolved->effect = EFFECT_UNKNOWN;
            return;
        }
        if (one.effect != EFFECT_NONE)
            resolved->effect = EFFECT_MAYBE;
    }
}

struct parameter_summary scope_parameter(struct scope *scope,
                                         const struct parameter_summary *parameter)
{
    struct parameter_summary resolved = *parameter;
    if (parameter->effect != EFFECT_UNKNOWN || parameter->forwards.count == 0 ||
        scope->depth >= DEEPEST)
        return resolved;
    scope->depth++;
    if (parameter->always && parameter->forwards.count == 1) {
        struct parameter_summary one = forwarded(scope, &parameter->forwards.at[0]);
        bool on_condition = one.effect == EFFECT_KEEPS_IF_OK ||
                            one.effect == EFFECT_RELEASES_IF_FAILS;
        resolved.effect = on_condition ? EFFECT_MAYBE : one.effect;
        resolved.final = one.final;
        resolved.members |= one.members;
        resolved.shares |= one.shares;
    } else {
        combine(scope, parameter, &resolved);
    }
    scope->depth--;
    return resolved;
}

enum result_kind scope_result(struct scope *scope, const struct summary *function, int *resource)
{
    for (int depth = 0; function && depth < DEEPEST; depth++) {
        *resource = function->resource;
        if (function->result != RESULT_FORWARD)
            return function->result;
        if (model_allocates(function->forward)) {
            *resource = R_MEMORY;
            return made_is_lent(scope_made(scope, function->forward)) ? RESULT_LENT : RESULT_OWNED;
        }
        function = scope_function(scope, function->forward);
    }
    return RESULT_UNKNOWN;
}

#define ENOUGH 5 /* uses in as many functions make a pair */

const char *scope_release(struct scope *scope, const char *acquire, int *functions_with_it)
{
    note_asked(scope, acquire);
    const struct releases *releases = map_get(&pairs, acquire);
    const struct pair_use *best = NULL;
    int all = 0;
    if (releases)
        EACH (known, &releases->at) {
            all += known->functions;
            if (!best || known->functions > best->functions)
                best = known;
        }
    if (!best || best->functions < ENOUGH || best->functions * 5 < all * 4)
        return NULL;
    *functions_with_it = best->functions;
    return best->release;
}

struct pass_use scope_passes(struct scope *scope, const char *function)
{
    note_asked(scope, function);
    const struct pass_use *known = map_get(&passes, function);
    return known ? *known : (struct pass_use){function, 0, 0};
}

struct made_use scope_made(struct scope *scope, const char *function)
{
    note_asked(scope, function);
    const struct made_use *known = map_get(&made, function);
    return known ? *known : (struct made_use){function, 0, 0};
}

const scope_names *scope_used(const struct scope *scope)
{
    return &scope->names;
}

static uint64_t add_number(uint64_t hash, long number)
{
    return hash_bytes(hash, &number, sizeof(number));
}

static uint64_t hash_function(struct scope *scope, const char *name)
{
    const struct summary *function = scope_function(scope, name);
    uint64_t hash = HASH_START;
    int resource = 0, count = 0;
    if (function) {
        hash = add_number(hash, function->never_returns + 2 * function->unlocks);
        hash = add_number(hash, scope_result(scope, function, &resource) * 100 + resource);
        EACH (parameter, &function->parameters) {
            struct parameter_summary one = scope_parameter(scope, parameter);
            hash = add_number(hash, one.effect * 16 + one.final * 8 + one.members * 4 + one.shares +
                                        one.leaves_alone * 2);
            hash = add_number(hash, one.acquires);
        }
    }
    const char *release = scope_release(scope, name, &count);
    if (release)
        hash = hash_bytes(hash, release, strlen(release));
    struct pass_use pass = scope_passes(scope, name);
    hash = add_number(hash, made_is_lent(scope_made(scope, name)) +
                                2 * made_is_doubtful(scope_made(scope, name)));
    return add_number(add_number(add_number(hash, count), pass.released), pass.kept);
}

static uint64_t hash_names(const char *const *names, int count)
{
    static struct scope *scope;
    static struct map known;
    uint64_t hash = HASH_START;
    if (!scope)
        scope = scope_new(NULL);
    for (int i = 0; i < count; i++) {
        uint64_t *one = map_get(&known, names[i]);
        if (!one) {
            one = NEW(&memory, uint64_t);
            *one = hash_function(scope, names[i]);
            map_set(&known, names[i], one);
        }
        hash = hash_bytes(hash, one, sizeof(*one));
    }
    return hash;
}

uint64_t project_hash(const char *const *names, int count)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&lock);
    uint64_t hash = hash_names(names, count);
    pthread_mutex_unlock(&lock);
    return hash;
}
