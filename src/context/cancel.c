/* Making contexts done.
 *
 * Cancelling goes through the tree from the cancelled context down, without recursion and without memory: a child is
 * taken out of its parent's list and made done, and then its own children are; `back` leads to its parent again. A
 * context is settled when all its descendants are done. A thread that finds a context being cancelled by another thread
 * waits until that context is settled, before it settles the parent. So all descendants are done when any call of
 * lg_context_cancel returns.
 *
 * The waits cannot form a circle: a thread that waits for a child has left unsettled only the parent of that child and
 * ancestors of the parent, and none of these is a descendant of the child. */
#include "context/context.h"

#include <lifoguard/panic.h>

#include <errno.h>
#include <sched.h>
#include <time.h>

#include "error/keep_errno.h"

/* ---- one context ---- */

enum made { NOT_MADE, MADE_A_LEAF, MADE };

/* Makes one context done. A context that has no children now never gets any. */
static enum made make_done(struct lg_context *ctx, lg_error *error, const lg_error *cause,
                           lg_error *given)
{
    struct lgi_woken woken = {0};
    if (lgi_done_happened(&ctx->done))
        return NOT_MADE;
    lgi_lock(&ctx->done.lock);
    if (ctx->done.happened) {
        lgi_unlock(&ctx->done.lock);
        return NOT_MADE;
    }
    ctx->given = given;
    ctx->cause = given ? given : cause;
    enum made made = ctx->children.first ? MADE : MADE_A_LEAF;
    lgi_done_begin_set(&ctx->done, error, &woken);
    bool has_fd = ctx->fd != 0;
    lgi_unlock(&ctx->done.lock);
    lgi_unpark_all(&woken);
    if (__builtin_expect(has_fd, 0))
        lgi_context_tell_fd(ctx);
    if (ctx->ops->done)
        ctx->ops->done(ctx);
    return made;
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

/* Another thread is making the context done. That thread waits at most for contexts further down, and is not the calling
 * thread. */
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

/* ---- its descendants ---- */

/* NULL: the entry is a function's. */
static struct lg_context *context_of(struct lgi_child *child)
{
    return child->offset ? (struct lg_context *)((char *)child - child->offset) : NULL;
}

/* Takes the oldest entry out of the list, and holds its context. The context is done, so nothing comes into the list any
 * more: once that is empty, the lock need not be taken again. */
static struct lgi_child *take_child(struct lg_context *ctx)
{
    if (ctx->emptied)
        return NULL;
    lgi_lock(&ctx->done.lock);
    struct lgi_child *child = LGI_HOLDER(ctx->children.first, struct lgi_child, link);
    if (child) {
        lgi_child_unlink(ctx, child);
        ctx->emptied = !ctx->children.first;
        struct lg_context *taken = context_of(child);
        if (taken)
            lgi_context_hold(taken);
    }
    lgi_unlock(&ctx->done.lock);
    return child;
}

/* A way through the descendants of `root`. */
struct walk {
    struct lg_context *root, *at;
    /* Entries whose contexts another thread has made done, perhaps just now: those of walk->at first, then those of
     * the context that it goes back to, and so on. */
    struct lgi_link *others;
};

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
    settle(done);
    lgi_context_release(done);
}

/* Makes the context of an entry of walk->at done, and goes to it if it has children. */
static void finish_child(struct walk *walk, struct lgi_child *child)
{
    struct lg_context *ctx = context_of(child);
    enum made made = make_done(ctx, walk->root->done.error, walk->root->cause, NULL);
    if (made == NOT_MADE) {
        child->link.next = walk->others;
        walk->others = &child->link;
        return;
    }
    ctx->back = walk->at;
    walk->at = ctx;
    if (made == MADE_A_LEAF)
        go_back(walk);
}

static void finish_descendants(struct lg_context *root)
{
    struct walk walk = {.root = root, .at = root};
    for (;;) {
        struct lgi_child *child = take_child(walk.at);
        if (child && child->offset)
            finish_child(&walk, child);
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
