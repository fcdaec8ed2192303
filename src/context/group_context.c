/* A group whose cancellation is a context's. */
#include <lifoguard/panic.h>

#include "context/context.h"
#include "group/group.h"

struct group_context {
    struct lg_context ctx;
    uint32_t lock;
    lg_group *group; /* NULL: it has ended */
};

static struct group_context *of(void *ctx)
{
    return ctx; /* its first member */
}

static void cancel(void *data, lg_error *cause)
{
    lg_context_cancel_cause(data, cause);
}

/* (A context that is done by itself has a cause of its own, or the static one.) */
static lg_error *from_parent(void *data)
{
    const struct lg_context *ctx = data;
    bool by_parent = lgi_done_happened(&ctx->done) && lgi_done_happened(&ctx->parent->done) &&
                     ctx->cause == ctx->parent->cause;
    return by_parent ? lg_context_cause_copy(ctx) : NULL;
}

static void await_parent(const void *data)
{
    lgi_context_await_ancestors(data);
}

static const lg_error *cause_of(const void *data)
{
    return lg_context_cause(data);
}

static void set_group(void *ctx, lg_group *group)
{
    struct group_context *self = of(ctx);
    lgi_lock(&self->lock);
    self->group = group;
    lgi_unlock(&self->lock);
}

static void end(void *data)
{
    set_group(data, NULL);
    lg_context_free(data);
}

/* Members that can be cancelled alone do not wait for the context. */
static void done(struct lg_context *ctx)
{
    struct group_context *self = of(ctx);
    lgi_lock(&self->lock);
    if (self->group)
        lgi_group_cancel_started(self->group);
    lgi_unlock(&self->lock);
}

static struct lg_context *make(struct lg_context *parent)
{
    static const struct lgi_context_ops ops = {
        .size = sizeof(struct group_context),
        .name = "with cancel",
        .done = done,
    };
    struct lg_context *ctx = lgi_context_new(parent, &ops);
    if (!ctx)
        lgi_context_no_memory("lg_group_context");
    of(ctx)->lock = 0;
    of(ctx)->group = NULL;
    lgi_context_attach(ctx);
    return ctx;
}

const lg_context *lg_group_context(lg_group *group, const lg_context *parent)
{
    static const struct lgi_group_hooks hooks = {cancel, await_parent, from_parent, cause_of, end};
    struct lg_context *up = lgi_context_of(parent, "lg_group_context");
    if (group->lgi_hooks || group->lgi_count > 0)
        lg_panic("lg_group_context of a group that has %s",
                 group->lgi_hooks ? "a context already" : "members already");
    lg_context *ctx = make(up);
    if (lg_group_is_cancelled(group))
        lg_context_cancel(ctx);
    group->lgi_hooks_data = ctx;
    group->lgi_other_done = &ctx->done;
    group->lgi_hooks = &hooks;
    set_group(ctx, group);
    return ctx;
}
