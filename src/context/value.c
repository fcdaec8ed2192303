/* Contexts that hold a value. */
#include "context/context.h"

#include <lifoguard/panic.h>

#include "error/escape.h"

struct valued {
    struct lg_context context;
    const lg_context_key *key;
    void *value;
};

static void detail(const struct lg_context *ctx, char *text, size_t size)
{
    const char *name = ((const struct valued *)ctx)->key->name;
    lgi_escape(name ? name : "", text, size);
}

static void free_value(const lg_context_key *key, void *value)
{
    if (value && key->free)
        key->free(value);
}

static void destroy(struct lg_context *ctx)
{
    const struct valued *valued = (struct valued *)ctx;
    free_value(valued->key, valued->value);
}

static const struct lgi_context_ops ops = {
    .size = sizeof(struct valued),
    .name = "with value",
    .detail = detail,
    .destroy = destroy,
};

lg_context *lg_context_with_value(const lg_context *parent, const lg_context_key *key, void *value)
{
    struct lg_context *up = lgi_context_of(parent, "lg_context_with_value");
    if (!key)
        lg_panic("lg_context_with_value with a NULL key");
    struct lg_context *ctx = lgi_context_new(up, &ops);
    if (!ctx) {
        free_value(key, value);
        lgi_context_no_memory("lg_context_with_value");
    }
    ((struct valued *)ctx)->key = key;
    ((struct valued *)ctx)->value = value;
    lgi_context_attach(ctx);
    return ctx;
}

static const struct valued *find_in_ancestors(const struct lg_context *ctx,
                                              const lg_context_key *key);

/* Most contexts have one parent, and then this is a loop that saves no register. */
static const struct valued *find(const struct lg_context *ctx, const lg_context_key *key)
{
    for (; ctx; ctx = ctx->parent) {
        if (ctx->ops == &ops && ((const struct valued *)ctx)->key == key)
            return (const struct valued *)ctx;
        if (ctx->ops->second_parent)
            return find_in_ancestors(ctx, key);
    }
    return NULL;
}

/* Recursion goes only as deep as merged contexts are nested. */
static __attribute__((noinline)) const struct valued *
find_in_ancestors(const struct lg_context *ctx, const lg_context_key *key)
{
    const struct valued *found = find(ctx->parent, key);
    return found ? found : find(lgi_second_parent(ctx), key);
}

void *lg_context_value(const lg_context *ctx, const lg_context_key *key)
{
    const struct valued *found = find(lgi_context_of(ctx, "lg_context_value"), key);
    return found ? found->value : NULL;
}
