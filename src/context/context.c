/* Making and freeing contexts. */
#define _GNU_SOURCE
#include "context/context.h"

#include <lifoguard/panic.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "closers/own_fd.h"

static const struct lgi_context_ops root_ops = {
    .name = "background",
};

static struct lg_context background = {
    .magic = LGI_CONTEXT_ALIVE,
    .ops = &root_ops,
    .deadline = LG_DURATION_MAX,
};

const lg_context *lg_context_background(void)
{
    return &background;
}

void lgi_context_misused(const lg_context *ctx, const char *function)
{
    if (!ctx)
        lg_panic("%s of a NULL context: the root is lg_context_background()", function);
    lg_panic("%s of a context that was freed: for code that may use a context after its owner has "
             "freed it, make a child context",
             function);
}

/* ---- memory ---- */

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ASAN 1
#endif
#endif

#if defined(LGI_DEBUG) && !defined(__SANITIZE_ADDRESS__) && !defined(HAS_ASAN)
/* The memory of the contexts freed last is kept, so that a use after the free is noticed. */
static void free_memory(struct lg_context *ctx, size_t size)
{
    enum { KEPT = 256 };
    static uint32_t lock;
    static struct lg_context *kept[KEPT];
    static unsigned next;
    memset((void *)ctx, 0xdb, size);
    lgi_lock(&lock);
    struct lg_context *oldest = kept[next];
    kept[next] = ctx;
    next = (next + 1) % KEPT;
    lgi_unlock(&lock);
    free(oldest);
}
#else
static void free_memory(struct lg_context *ctx, size_t size)
{
    (void)size;
    ctx->magic = 0;
    free(ctx);
}
#endif

/* Nobody holds the context any more. */
static void destroy(struct lg_context *ctx)
{
    if (ctx->ops->destroy)
        ctx->ops->destroy(ctx);
    if (ctx->given)
        lg_error_free(ctx->given);
    if (ctx->fd)
        lgi_close_event((const int[]){ctx->fd - 1, ctx->fd_writer});
    free_memory(ctx, ctx->ops->size);
}

/* Gives up the caller's hold. Returns the list of dead contexts `dead`, with `ctx` before it if that was the last hold. */
static struct lg_context *let_go(struct lg_context *ctx, struct lg_context *dead)
{
    if (lgi_context_is_root(ctx))
        return dead;
    lgi_releases(&ctx->done.holders);
    /* No new holder can come while the caller is the only one. */
    if (__atomic_load_n(&ctx->done.holders, __ATOMIC_ACQUIRE) != 1 &&
        __atomic_sub_fetch(&ctx->done.holders, 1, __ATOMIC_ACQ_REL) != 0)
        return dead;
    lgi_acquired(&ctx->done.holders);
    ctx->back = dead;
    return ctx;
}

void lgi_context_release(struct lg_context *ctx)
{
    struct lg_context *dead = let_go(ctx, NULL);
    while (dead) {
        ctx = dead;
        dead = let_go(ctx->parent, ctx->back);
        struct lg_context *second = lgi_second_parent(ctx);
        if (second)
            dead = let_go(second, dead);
        destroy(ctx);
    }
}

static void release_done(struct lgi_done *done)
{
    lgi_context_release((struct lg_context *)done); /* its first member */
}

/* ---- making a context ---- */

struct lg_context *lgi_context_new(struct lg_context *parent, const struct lgi_context_ops *ops)
{
    struct lg_context *ctx = malloc(ops->size);
    if (!ctx)
        return NULL;
    *ctx = (struct lg_context){
        .done = {.holders = 1, .release = release_done},
        .magic = LGI_CONTEXT_ALIVE,
        .ops = ops,
        .has_parent = !lgi_context_is_root(parent),
        .child = {.offset = offsetof(struct lg_context, child)},
        .parent = parent,
        .deadline = parent->deadline,
        .clock = parent->clock,
    };
    lgi_context_hold(parent);
    return ctx;
}

void lgi_context_no_memory(const char *function)
{
    lg_panic("%s: out of memory for a context", function);
}

/* Links the context to the parent. Returns false if the parent is done. A context that is done itself (its deadline has
 * passed meanwhile) is not linked, since it has been detached already. */
static bool link_to(struct lg_context *parent, struct lg_context *ctx, struct lgi_child *child)
{
    lgi_done_lock(&parent->done);
    bool done = parent->done.happened;
    if (!done && !lgi_done_happened(&ctx->done))
        lgi_child_link(parent, child);
    lgi_done_unlock(&parent->done);
    return !done;
}

void lgi_context_attach_to(struct lg_context *parent, struct lg_context *ctx,
                           struct lgi_child *child)
{
    if (!link_to(parent, ctx, child))
        lgi_context_finish(ctx, parent->done.error, parent->cause, NULL);
}

void lgi_context_attach(struct lg_context *ctx)
{
    if (ctx->has_parent)
        lgi_context_attach_to(ctx->parent, ctx, &ctx->child);
}

void lgi_context_detach_from(struct lg_context *parent, struct lgi_child *child)
{
    lgi_done_lock(&parent->done);
    if (child->linked)
        lgi_child_unlink(parent, child);
    lgi_done_unlock(&parent->done);
}

lg_context *lgi_context_child(struct lg_context *parent)
{
    static const struct lgi_context_ops ops = {
        .size = sizeof(struct lg_context),
        .name = "with cancel",
    };
    struct lg_context *ctx = lgi_context_new(parent, &ops);
    if (ctx)
        lgi_context_attach(ctx);
    return ctx;
}

lg_context *lgi_context_with_cancel(struct lg_context *parent, const char *function)
{
    struct lg_context *ctx = lgi_context_child(parent);
    if (!ctx)
        lgi_context_no_memory(function);
    return ctx;
}

lg_context *lg_context_with_cancel(const lg_context *parent)
{
    static const char function[] = "lg_context_with_cancel";
    return lgi_context_with_cancel(lgi_context_of(parent, function), function);
}

lg_context *lg_context_without_cancel(const lg_context *parent)
{
    static const struct lgi_context_ops ops = {
        .size = sizeof(struct lg_context),
        .name = "without cancel",
    };
    struct lg_context *up = lgi_context_of(parent, "lg_context_without_cancel");
    struct lg_context *ctx = lgi_context_new(up, &ops);
    if (!ctx)
        lgi_context_no_memory("lg_context_without_cancel");
    ctx->has_parent = false;
    ctx->deadline = LG_DURATION_MAX;
    return ctx;
}

/* ---- freeing a context ---- */

void lg_context_free(lg_context *ctx)
{
    if (!ctx)
        return;
    struct lg_context *self = lgi_context_of(ctx, "lg_context_free");
    if (lgi_context_is_root(self))
        return;
    if (__atomic_load_n(&self->ended, __ATOMIC_RELAXED))
        lg_panic(
            "lg_context_free of a context that was freed: only the owner frees a context, and once");
    __atomic_store_n(&self->ended, 1, __ATOMIC_RELAXED);
    if (self->ops->freed)
        self->ops->freed(self);
    lgi_context_finish(self, &lg_error_cancelled, &lg_error_cancelled, NULL);
    lgi_context_release(self);
}
