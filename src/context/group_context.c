/* A group whose cancellation is a context's. */
#include <lifoguard/panic.h>

#include "context/context.h"
#include "group/group.h"

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

static void end(void *data)
{
    lg_context_free(data);
}

const lg_context *lg_group_context(lg_group *group, const lg_context *parent)
{
    static const struct lgi_group_hooks hooks = {cancel, from_parent, end};
    lgi_context_of(parent, "lg_group_context");
    if (group->lgi_hooks || group->lgi_count > 0)
        lg_panic("lg_group_context of a group that has %s",
                 group->lgi_hooks ? "a context already" : "members already");
    lg_context *ctx = lg_context_with_cancel(parent);
    if (lg_group_is_cancelled(group))
        lg_context_cancel(ctx);
    group->lgi_hooks_data = ctx;
    group->lgi_other_done = &ctx->done;
    group->lgi_hooks = &hooks;
    return ctx;
}
