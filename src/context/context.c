#include "context/context.h"

#include <lifoguard/panic.h>

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "error/keep_errno.h"

static struct lg_context background = {
    .magic = LGI_CONTEXT_ALIVE,
    .kind = LGI_BACKGROUND,
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
    lg_panic("%s of a context that was ended: who may use one after its owner ends it must have a "
             "child of its own",
             function);
}

/* ---- memory ---- */

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ASAN 1
#endif
#endif

#if defined(LGI_DEBUG) && !defined(__SANITIZE_ADDRESS__) && !defined(HAS_ASAN)
/* The memory of the last ones is kept, so that what still uses them finds out. */
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

static bool is_timed(const struct lg_context *ctx)
{
    return ctx->kind == LGI_WITH_DEADLINE || ctx->kind == LGI_FOR_CLEANUP;
}

/* Nobody holds it any more. */
static void destroy(struct lg_context *ctx)
{
    size_t size = sizeof(*ctx);
    if (is_timed(ctx)) {
        size = sizeof(struct lgi_timeout);
        lgi_timeout_free(ctx);
    } else if (ctx->kind == LGI_WITH_VALUE) {
        const struct lgi_valued *valued = (struct lgi_valued *)ctx;
        size = sizeof(*valued);
        if (valued->value && valued->key->destroy)
            valued->key->destroy(valued->value);
    } else if (ctx->kind == LGI_MERGED) {
        size = sizeof(struct lgi_merged);
    } else if (ctx->kind == LGI_WITH_SIGNALS) {
        size = lgi_signalled_size();
    }
    if (ctx->given)
        lg_error_free(ctx->given);
    if (ctx->fd)
        close(ctx->fd - 1);
    free_memory(ctx, size);
}

/* If nobody else holds it, it goes on the list. */
static struct lg_context *let_go(struct lg_context *ctx, struct lg_context *dead)
{
    if (ctx->kind == LGI_BACKGROUND)
        return dead;
    lgi_releases(&ctx->done.holders);
    /* Who holds it alone can see no other come. */
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
        if (ctx->kind == LGI_MERGED)
            dead = let_go(((struct lgi_merged *)ctx)->second, dead);
        destroy(ctx);
    }
}

static void release_done(struct lgi_done *done)
{
    lgi_context_release((struct lg_context *)done); /* its first member */
}

/* ---- making one ---- */

struct lg_context *lgi_context_new(struct lg_context *parent, enum lgi_context_kind kind,
                                   size_t size)
{
    struct lg_context *ctx = malloc(size);
    if (!ctx)
        return NULL;
    *ctx = (struct lg_context){
        .done = {.holders = 1, .release = release_done},
        .magic = LGI_CONTEXT_ALIVE,
        .kind = (uint8_t)kind,
        .has_parent = parent->kind != LGI_BACKGROUND,
        .parent = parent,
        .deadline = parent->deadline,
    };
    lgi_context_hold(parent);
    return ctx;
}

void lgi_context_no_memory(const char *function)
{
    lg_panic("%s: out of memory for a context", function);
}

/* Links it, unless the parent is done: then returns false. One that is done itself (its deadline has passed meanwhile)
 * is not linked, since it has been taken out already. */
static bool link_to(struct lg_context *parent, struct lg_context *ctx, struct lgi_child *child)
{
    lgi_lock(&parent->done.lock);
    bool done = parent->done.happened;
    if (!done && !lgi_done_happened(&ctx->done))
        lgi_child_link(parent, child);
    lgi_unlock(&parent->done.lock);
    return !done;
}

static void unlink_from(struct lg_context *parent, struct lgi_child *child)
{
    lgi_lock(&parent->done.lock);
    if (child->linked)
        lgi_child_unlink(parent, child);
    lgi_unlock(&parent->done.lock);
}

void lgi_context_attach(struct lg_context *ctx)
{
    if (ctx->has_parent && !link_to(ctx->parent, ctx, &ctx->child))
        lgi_context_finish(ctx, ctx->parent->done.error, ctx->parent->cause, NULL);
}

lg_context *lg_context_with_cancel(const lg_context *parent)
{
    struct lg_context *up = lgi_context_of(parent, "lg_context_with_cancel");
    struct lg_context *ctx = lgi_context_new(up, LGI_WITH_CANCEL, sizeof(*ctx));
    if (!ctx)
        lgi_context_no_memory("lg_context_with_cancel");
    lgi_context_attach(ctx);
    return ctx;
}

lg_context *lg_context_without_cancel(const lg_context *parent)
{
    struct lg_context *up = lgi_context_of(parent, "lg_context_without_cancel");
    struct lg_context *ctx = lgi_context_new(up, LGI_WITHOUT_CANCEL, sizeof(*ctx));
    if (!ctx)
        lgi_context_no_memory("lg_context_without_cancel");
    ctx->has_parent = false;
    ctx->deadline = LG_DURATION_MAX;
    return ctx;
}

lg_context *lg_context_merge(const lg_context *first, const lg_context *second)
{
    struct lg_context *one = lgi_context_of(first, "lg_context_merge");
    struct lg_context *two = lgi_context_of(second, "lg_context_merge");
    struct lg_context *ctx = lgi_context_new(one, LGI_MERGED, sizeof(struct lgi_merged));
    if (!ctx)
        lgi_context_no_memory("lg_context_merge");
    struct lgi_merged *merged = (struct lgi_merged *)ctx;
    merged->second_child = (struct lgi_child){.kind = LGI_SECOND_CHILD};
    merged->second = two;
    lgi_context_hold(two);
    if (two->deadline < ctx->deadline)
        ctx->deadline = two->deadline;
    lgi_context_attach(ctx);
    if (two->kind != LGI_BACKGROUND && !link_to(two, ctx, &merged->second_child))
        lgi_context_finish(ctx, two->done.error, two->cause, NULL);
    return ctx;
}

/* ---- being done ---- */

enum made { NOT_MADE, MADE_A_LEAF, MADE };

/* Makes one done. One that has no children now never has any. */
static enum made make_done(struct lg_context *ctx, lg_error *error, const lg_error *cause,
                           lg_error *given)
{
    if (lgi_done_happened(&ctx->done))
        return NOT_MADE;
    lgi_lock(&ctx->done.lock);
    if (ctx->done.happened) {
        lgi_unlock(&ctx->done.lock);
        return NOT_MADE;
    }
    ctx->given = given;
    ctx->cause = given ? given : cause;
    enum made made = ctx->first ? MADE : MADE_A_LEAF;
    struct lgi_waiter *claimed = lgi_done_begin_set(&ctx->done, error);
    bool has_fd = ctx->fd != 0;
    lgi_unlock(&ctx->done.lock);
    lgi_unpark_all(claimed);
    if (__builtin_expect(has_fd, 0))
        lgi_context_tell_fd(ctx);
    if (is_timed(ctx))
        lgi_timeout_stop(ctx);
    else if (ctx->kind == LGI_WITH_SIGNALS)
        lgi_signals_done(ctx);
    return made;
}

/* C4: nothing of it stays in its parents. */
static void detach(struct lg_context *ctx)
{
    if (ctx->has_parent)
        unlink_from(ctx->parent, &ctx->child);
    if (ctx->kind == LGI_MERGED) {
        struct lgi_merged *merged = (struct lgi_merged *)ctx;
        if (merged->second->kind != LGI_BACKGROUND)
            unlink_from(merged->second, &merged->second_child);
    }
}

static void settle(struct lg_context *ctx)
{
    __atomic_store_n(&ctx->settled, 1, __ATOMIC_RELEASE);
}

/* Somebody else is at it, and neither waits for anything nor can be at it on this thread. */
static void wait_until_settled(const struct lg_context *ctx)
{
    enum { SPINS = 100, YIELDS = 50 };
    LGI_KEEP_ERRNO;
    for (unsigned i = 0; !__atomic_load_n(&ctx->settled, __ATOMIC_ACQUIRE); i++) {
        if (i < SPINS)
            lgi_pause();
        else if (i < SPINS + YIELDS)
            sched_yield();
        else
            nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
    }
}

static struct lg_context *context_of(struct lgi_child *child)
{
    size_t offset = child->kind == LGI_SECOND_CHILD ? offsetof(struct lgi_merged, second_child)
                                                    : offsetof(struct lg_context, child);
    return (struct lg_context *)((char *)child - offset);
}

/* The next of what is to be done, oldest first. A context is held then. */
static struct lgi_child *take_child(struct lg_context *ctx)
{
    lgi_lock(&ctx->done.lock);
    struct lgi_child *child = ctx->first;
    if (child) {
        lgi_child_unlink(ctx, child);
        if (child->kind != LGI_FUNCTION)
            lgi_context_hold(context_of(child));
    }
    lgi_unlock(&ctx->done.lock);
    return child;
}

static void finish_descendants(struct lg_context *root)
{
    struct lg_context *at = root;
    struct lgi_child *others = NULL; /* whom somebody else has made done, perhaps just now */
    for (;;) {
        struct lgi_child *child = take_child(at);
        if (!child) {
            if (at == root)
                break;
            struct lg_context *done = at;
            at = done->back;
            settle(done);
            lgi_context_release(done);
            continue;
        }
        if (child->kind == LGI_FUNCTION) {
            lgi_after_begin(child);
            continue;
        }
        struct lg_context *ctx = context_of(child);
        enum made made = make_done(ctx, root->done.error, root->cause, NULL);
        if (made == NOT_MADE) {
            child->next = others;
            others = child;
            continue;
        }
        if (ctx->kind == LGI_MERGED)
            detach(ctx);
        if (made == MADE) {
            ctx->back = at;
            at = ctx;
        } else {
            settle(ctx);
            lgi_context_release(ctx);
        }
    }
    while (others) {
        struct lg_context *ctx = context_of(others);
        others = others->next;
        wait_until_settled(ctx);
        lgi_context_release(ctx);
    }
}

void lgi_context_finish(struct lg_context *ctx, lg_error *error, const lg_error *cause,
                        lg_error *given)
{
    enum made made = make_done(ctx, error, cause, given);
    if (made == NOT_MADE) {
        lg_error_free(given);
        wait_until_settled(ctx);
        return;
    }
    if (made == MADE)
        finish_descendants(ctx);
    detach(ctx);
    settle(ctx); /* the last: its owner, whom this woke, may free it from here on */
}

void lg_context_cancel_cause(lg_context *ctx, lg_error *cause)
{
    struct lg_context *self = lgi_context_of(ctx, "lg_context_cancel");
    if (self->kind == LGI_BACKGROUND)
        lg_panic("lg_context_cancel of the background, which is never done");
    lgi_context_finish(self, &lg_error_cancelled, &lg_error_cancelled, cause);
}

void lg_context_cancel(lg_context *ctx)
{
    lg_context_cancel_cause(ctx, NULL);
}

void lg_context_free(lg_context *ctx)
{
    if (!ctx)
        return;
    struct lg_context *self = lgi_context_of(ctx, "lg_context_free");
    if (self->kind == LGI_BACKGROUND)
        return;
    if (__atomic_load_n(&self->ended, __ATOMIC_RELAXED))
        lg_panic("lg_context_free of a context that was ended: its owner ends it, once");
    __atomic_store_n(&self->ended, 1, __ATOMIC_RELAXED);
    if (self->kind == LGI_WITH_SIGNALS)
        lgi_signals_end(self);
    lgi_context_finish(self, &lg_error_cancelled, &lg_error_cancelled, NULL);
    lgi_context_release(self);
}
