/* The tree of contexts. Each context is a struct of its kind that begins with a struct lg_context, in one allocation.
 * What distinguishes the kinds stands in their struct lgi_context_ops; the rest of the room does not ask for kinds.
 *
 * Memory: a context is held by its owner, by each child, by each pending or running function, and by each wait with
 * the context (struct lgi_done counts). So the ancestors of a live context are alive: its cause may be an ancestor's.
 *
 * Locks: done.lock of a context guards whether the context is done, its children and their links. Under it only the lock of
 * a child is taken; the lock of an lgi_after is taken before that of its context. Nothing is called under these locks. */
#ifndef LGI_CONTEXT_CONTEXT_H
#define LGI_CONTEXT_CONTEXT_H

#include <lifoguard/context.h>

#include "error/list.h"
#include "sched/goroutine.h"
#include "sched/lock.h"
#include "sched/park.h"

/* An entry in the list of a context: what has to happen when that context is done. */
struct lgi_child {
    struct lgi_link link;
    uint16_t offset; /* of the entry in the child context's struct; 0: a function's (after.c) */
    bool linked;
};

struct lg_context {
    struct lgi_done done; /* its error is lg_context_error's */
    uint32_t magic;
    bool has_parent; /* whose end ends this context: `child` may be in its list */
    uint8_t settled; /* atomic */
    uint8_t ended;   /* atomic: the owner has freed the context */
    bool emptied;    /* cancel.c: the context is done, and its list has become empty */
    int fd;          /* plus one: a descriptor to be made readable. 0: none */
    const struct lgi_context_ops *ops;
    struct lgi_list
        children; /* of struct lgi_child: what has to happen when this context is done */
    struct lgi_child child;
    struct lg_context *parent; /* NULL: this is the background */
    struct lg_context *back;   /* cancel.c: the way back; context.c: the next dead context */
    const lg_error *cause;     /* once the context is done */
    lg_error *given;           /* a cause of its own, freed with it */
    lg_time deadline;          /* LG_DURATION_MAX: none */
    uint32_t clock;            /* on which the deadline is: the number of a bubble, or 0 */
    int fd_writer;             /* the other end of `fd`, or the same descriptor */
};

/* What distinguishes one kind of context from the others. A function that a kind does not need is NULL. */
struct lgi_context_ops {
    size_t size;      /* of the struct of the kind, which begins with a struct lg_context */
    const char *name; /* in reports */
    /* Writes what follows the name in reports, escaped; an empty text if nothing does. */
    void (*detail)(const struct lg_context *ctx, char *text, size_t size);
    /* The parent beside ctx->parent, and its removal from that parent's list (C4). */
    struct lg_context *(*second_parent)(const struct lg_context *ctx);
    void (*leave_second_parent)(struct lg_context *ctx);
    /* The context has become done. No lock is held. */
    void (*done)(struct lg_context *ctx);
    /* The owner frees the context, which may not be done yet. */
    void (*freed)(struct lg_context *ctx);
    /* Nobody holds the context any more: frees what it has beside its memory. */
    void (*destroy)(struct lg_context *ctx);
};

/* The magic number of a context that has not been freed. */
#define LGI_CONTEXT_ALIVE 0x636f6e74U

/* Panics. */
void lgi_context_misused(const lg_context *ctx, const char *function) __attribute__((noreturn));

/* The context itself; panics if the pointer is NULL or the context has been freed. */
static inline struct lg_context *lgi_context_of(const lg_context *ctx, const char *function)
{
    if (__builtin_expect(!ctx || ctx->magic != LGI_CONTEXT_ALIVE, 0))
        lgi_context_misused(ctx, function);
    return (struct lg_context *)(uintptr_t)ctx;
}

/* The background: never done, never freed, without a list of children. */
static inline bool lgi_context_is_root(const struct lg_context *ctx)
{
    return !ctx->parent;
}

static inline void lgi_context_hold(struct lg_context *ctx)
{
    if (!lgi_context_is_root(ctx))
        __atomic_fetch_add(&ctx->done.holders, 1, __ATOMIC_RELAXED);
}

/* The last holder's call frees the context. */
void lgi_context_release(struct lg_context *ctx);

static inline struct lg_context *lgi_second_parent(const struct lg_context *ctx)
{
    return ctx->ops->second_parent ? ctx->ops->second_parent(ctx) : NULL;
}

/* ---- making a context, in steps ---- */

/* Makes a context that the caller holds and that holds `parent`, but is not yet in the list of `parent`. NULL: out of
 * memory. */
struct lg_context *lgi_context_new(struct lg_context *parent, const struct lgi_context_ops *ops);
void lgi_context_no_memory(const char *function) __attribute__((noreturn));

/* From here on the context is done when its parent is done: at once, if the parent is done already. */
void lgi_context_attach(struct lg_context *ctx);

/* The same for any parent; `child` is the context's entry in that parent's list. */
void lgi_context_attach_to(struct lg_context *parent, struct lg_context *ctx,
                           struct lgi_child *child);

/* Takes the entry out of the parent's list, if it is there. */
void lgi_context_detach_from(struct lg_context *parent, struct lgi_child *child);

/* lg_context_with_cancel; NULL: out of memory. */
lg_context *lgi_context_child(struct lg_context *parent);

/* lg_context_with_cancel on behalf of `function`, which a panic names. */
lg_context *lgi_context_with_cancel(struct lg_context *parent, const char *function);

/* ---- being done ---- */

/* Makes the context and all its descendants done. The cause is `given`, unless that is NULL, or else `cause`, which is
 * static or an ancestor's. Takes `given` in every case. If the context is done already, waits until all its
 * descendants are done. */
void lgi_context_finish(struct lg_context *ctx, lg_error *error, const lg_error *cause,
                        lg_error *given);

/* Whoever has seen an ancestor done may look at the context before the cancellation has come down to it: waits for that. */
void lgi_context_await_ancestors(const struct lg_context *ctx);

/* query.c: makes the descriptor of a context that is done readable. */
void lgi_context_tell_fd(const struct lg_context *ctx);

/* after.c: calls the function whose context is done. `child` is in no list any more. */
void lgi_after_begin(struct lgi_child *child);

/* ---- the list of a context, under its lock ---- */

static inline void lgi_child_link(struct lg_context *parent, struct lgi_child *child)
{
    child->linked = true;
    lgi_list_add(&parent->children, &child->link);
}

static inline void lgi_child_unlink(struct lg_context *parent, struct lgi_child *child)
{
    child->linked = false;
    lgi_list_remove(&parent->children, &child->link);
}

#endif
