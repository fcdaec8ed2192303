/* Contexts with two parents. */
#include "context/context.h"

struct merged {
    struct lg_context context;
    struct lgi_child second_child; /* the entry in the list of `second` */
    struct lg_context *second;
};

static struct lg_context *second_parent(const struct lg_context *ctx)
{
    return ((const struct merged *)ctx)->second;
}

static void leave_second_parent(struct lg_context *ctx)
{
    struct merged *merged = (struct merged *)ctx;
    if (!lgi_context_is_root(merged->second))
        lgi_context_detach_from(merged->second, &merged->second_child);
}

static const struct lgi_context_ops ops = {
    .size = sizeof(struct merged),
    .name = "merged",
    .second_parent = second_parent,
    .leave_second_parent = leave_second_parent,
};

lg_context *lg_context_merge(const lg_context *first, const lg_context *second)
{
    struct lg_context *one = lgi_context_of(first, "lg_context_merge");
    struct lg_context *two = lgi_context_of(second, "lg_context_merge");
    struct lg_context *ctx = lgi_context_new(one, &ops);
    if (!ctx)
        lgi_context_no_memory("lg_context_merge");
    struct merged *merged = (struct merged *)ctx;
    merged->second_child = (struct lgi_child){.offset = offsetof(struct merged, second_child)};
    merged->second = two;
    lgi_context_hold(two);
    if (two->deadline < ctx->deadline) {
        ctx->deadline = two->deadline;
        ctx->clock = two->clock;
    }
    lgi_context_attach(ctx);
    if (!lgi_context_is_root(two))
        lgi_context_attach_to(two, ctx, &merged->second_child);
    return ctx;
}
