/* Making contexts done.
 *
 * Cancelling goes through the tree from the cancelled context down, without recursion and without memory: a child is
 * taken out of its parent's list and made done, and then its own children are; `back` leads to its parent again. A
 * context is settled when all its descendants are done. A thread that finds a context being cancelled by another thread
 * waits until that context is settled, before it settles the parent. So all descendants are done when any call of
 * lg_context_cancel returns.
 *
 * The lock of a context that has children is kept from when the context is made done until its first entry is taken, unless
 * there is something to call before that: so a chain of contexts takes one lock for each. The parent's lock is given up
 * meanwhile.
 *
 * The waits cannot form a circle: a thread that waits for a child has left unsettled only the parent of that child and
 * ancestors of the parent, and none of these is a descendant of the child. */
#include "context/context.h"

#include <lifoguard/panic.h>

#include "defer/fork.h"

/* ---- one context ---- */

enum made { NOT_MADE, MADE_A_LEAF, MADE };

/* A context that was made done, and what is still to be done about that without a lock. */
struct making {
    enum made made;
    bool has_fd;
    bool locked; /* its lock is kept: it has children, and there is nothing to call */
    struct lgi_woken woken;
};

static bool has_calls(const struct making *making, const struct lg_context *ctx)
{
    return making->woken.first || making->has_fd || ctx->ops->done;
}

/* Makes one context done. A context that has no children now never gets any. */
static void begin_to_make_done(struct making *making, struct lg_context *ctx, lg_error *error,
                               const lg_error *cause, lg_error *given)
{
    *making = (struct making){.made = NOT_MADE};
    if (lgi_done_happened(&ctx->done))
        return;
    lgi_done_lock(&ctx->done);
    if (!ctx->done.happened) {
        ctx->given = given;
        ctx->cause = given ? given : cause;
        making->made = ctx->children.first ? MADE : MADE_A_LEAF;
        making->has_fd = ctx->fd != 0;
        lgi_done_begin_set(&ctx->done, error, &making->woken);
    }
    making->locked = making->made == MADE && !has_calls(making, ctx);
    if (!making->locked)
        lgi_done_unlock(&ctx->done);
    /* lifoguard-vet: allow missing-unlock: making->locked tells the caller */
}

static void end_making_done(const struct making *making, struct lg_context *ctx)
{
    lgi_unpark_all(&making->woken);
    if (__builtin_expect(making->has_fd, 0))
        lgi_context_tell_fd(ctx);
    if (ctx->ops->done)
        ctx->ops->done(ctx);
}

/* C4: no entry of the context stays in the lists of its parents. */
static void leave_parents(struct lg_context *ctx)
{
    if (ctx->has_parent)
        lgi_context_detach_from(ctx->parent, &ctx->child);
    if (ctx->ops->leave_second_parent)
        ctx->ops->leave_second_parent(ctx);
}

static void settle(struct lg_context *ctx)
{
    __atomic_store_n(&ctx->settled, 1, __ATOMIC_RELEASE);
}

static bool is_settled(const struct lg_context *ctx)
{
    return __atomic_load_n(&ctx->settled, __ATOMIC_ACQUIRE);
}

/* In a child: a thread of the parent was just making the context done at the fork, and nobody will go on with that. */
static void refuse_if_left_by_parent(const struct lg_context *ctx)
{
    if (__builtin_expect(ctx->done.happened != lgi_forks + 1, 0) && !is_settled(ctx))
        lgi_refuse_change_of_parent();
}

/* Another thread is making the context done. That thread waits at most for contexts further down, and is not the calling
 * thread. */
static void wait_until_settled(const struct lg_context *ctx)
{
    refuse_if_left_by_parent(ctx);
    for (unsigned i = 0; !is_settled(ctx); i++)
        lgi_back_off(i);
}

/* ---- its descendants ---- */

/* NULL: the entry is a function's. */
static struct lg_context *context_of(struct lgi_child *child)
{
    return child->offset ? (struct lg_context *)((char *)child - child->offset) : NULL;
}

/* A way through the descendants of `root`. */
struct walk {
    struct lg_context *root, *at;
    bool locked; /* the lock of walk->at is kept, until its first entry is taken */
    /* Entries whose contexts another thread has made done, perhaps just now: those of walk->at first, then those of
     * the context that it goes back to, and so on. They are held. */
    struct lgi_link *others;
};

/* Takes the oldest entry out of the list of walk->at, and makes its context done, if it is a context's. Both are one step for
 * others: whoever frees the context finds it in the list, or done; and then waits until it is settled, so that it need
 * not be held here. walk->at is done, so nothing comes into the list any more: once that is empty, the lock need not be
 * taken again. */
static struct lgi_child *take_child(struct walk *walk, struct making *making)
{
    struct lg_context *parent = walk->at;
    if (parent->emptied)
        return NULL;
    if (!walk->locked)
        lgi_done_lock(&parent->done);
    walk->locked = false;
    struct lgi_child *child = LGI_HOLDER(parent->children.first, struct lgi_child, link);
    struct lg_context *ctx = child ? context_of(child) : NULL;
    if (child) {
        lgi_child_unlink(parent, child);
        parent->emptied = !parent->children.first;
    }
    if (ctx)
        begin_to_make_done(making, ctx, walk->root->done.error, walk->root->cause, NULL);
    if (ctx && making->made == NOT_MADE)
        lgi_context_hold(ctx);
    lgi_done_unlock(&parent->done);
    return child;
}

/* The context in whose list the entry was. */
static struct lg_context *parent_of(struct lgi_child *child)
{
    struct lg_context *ctx = context_of(child);
    return child == &ctx->child ? ctx->parent : lgi_second_parent(ctx);
}

/* Waits until the children of walk->at that other threads have made done are settled. */
static void wait_for_others(struct walk *walk)
{
    struct lgi_child *child;
    while ((child = LGI_HOLDER(walk->others, struct lgi_child, link)) &&
           parent_of(child) == walk->at) {
        struct lg_context *ctx = context_of(child);
        walk->others = child->link.next;
        wait_until_settled(ctx);
        lgi_context_release(ctx);
    }
}

/* All children of walk->at are done. */
static void go_back(struct walk *walk)
{
    struct lg_context *done = walk->at;
    wait_for_others(walk);
    walk->at = done->back;
    /* Its other parent's canceller does not find the context from here on, and so does not wait for it. */
    if (done->ops->leave_second_parent)
        leave_parents(done);
    settle(done); /* the last step: the owner may free it from here on */
}

/* Goes to the context of an entry of walk->at, if it has children. */
static void finish_child(struct walk *walk, struct lgi_child *child, const struct making *making)
{
    struct lg_context *ctx = context_of(child);
    // NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): take_child sets it, where it gives a context
    if (making->made == NOT_MADE) {
        child->link.next = walk->others;
        walk->others = &child->link;
        return;
    }
    end_making_done(making, ctx);
    ctx->back = walk->at;
    walk->at = ctx;
    walk->locked = making->locked;
    if (making->made == MADE_A_LEAF)
        go_back(walk);
}

static void finish_descendants(struct lg_context *root, bool locked)
{
    struct walk walk = {.root = root, .at = root, .locked = locked};
    struct making making;
    for (;;) {
        struct lgi_child *child = take_child(&walk, &making);
        if (child && child->offset)
            finish_child(&walk, child, &making);
        else if (child)
            lgi_after_begin(child);
        else if (walk.at != root)
            go_back(&walk);
        else
            break;
    }
    wait_for_others(&walk);
}

/* ---- both ---- */

/* The context, or an ancestor whose end is its end too, that is done; NULL: none is. Asks at most as many second parents as *seconds
 * says: contexts may be merged so that there are more ways up than anybody could go. */
static const struct lg_context *find_done(const struct lg_context *ctx, unsigned *seconds)
{
    for (;; ctx = ctx->parent) {
        if (lgi_done_happened(&ctx->done))
            return ctx;
        const struct lg_context *second = lgi_second_parent(ctx);
        if (second && !lgi_context_is_root(second) && *seconds > 0) {
            --*seconds;
            const struct lg_context *done = find_done(second, seconds);
            if (done)
                return done;
        }
        if (!ctx->has_parent)
            return NULL;
    }
}

void lgi_context_await_ancestors(const struct lg_context *ctx)
{
    unsigned seconds = 64;
    const struct lg_context *done = find_done(ctx, &seconds);
    if (!done)
        return;
    refuse_if_left_by_parent(done);
    for (unsigned i = 0; !lgi_done_happened(&ctx->done); i++)
        lgi_back_off(i);
}

void lgi_context_finish(struct lg_context *ctx, lg_error *error, const lg_error *cause,
                        lg_error *given)
{
    struct making making;
    begin_to_make_done(&making, ctx, error, cause, given);
    if (making.made == NOT_MADE) {
        lg_error_free(given);
        wait_until_settled(ctx);
        return;
    }
    end_making_done(&making, ctx);
    if (making.made == MADE)
        finish_descendants(ctx, making.locked);
    leave_parents(ctx);
    /* The last step: the owner, which was woken above, may free the context from here on. */
    settle(ctx);
}

void lg_context_cancel_cause(lg_context *ctx, lg_error *cause)
{
    struct lg_context *self = lgi_context_of(ctx, "lg_context_cancel");
    if (lgi_context_is_root(self))
        lg_panic("lg_context_cancel of the background, which is never done");
    lgi_context_finish(self, &lg_error_cancelled, &lg_error_cancelled, cause);
}

void lg_context_cancel(lg_context *ctx)
{
    lg_context_cancel_cause(ctx, NULL);
}
