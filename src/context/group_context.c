/* A group whose cancellation is a context's. */
#include <lifoguard/panic.h>

#include <stdlib.h>

#include "context/context.h"
#include "group/group.h"

/* The group's error stays its own, and may change: its text is kept, or itself if it is static. */
static lg_error *cause_from(const lg_error *error)
{
    if (!error)
        return NULL;
    if (error->lgi_form == 0)
        return (lg_error *)(uintptr_t)error;
    char *text = lg_error_text(error);
    lg_error *cause = lg_error_new(text ? text : "a member of the group failed");
    free(text);
    return cause;
}

static void cancel(void *data, const lg_error *error)
{
    lg_context_cancel_cause(data, cause_from(error));
}

static void end(void *data)
{
    lg_context_free(data);
}

const lg_context *lg_group_context(lg_group *group, const lg_context *parent)
{
    static const struct lgi_group_hooks hooks = {cancel, end};
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
