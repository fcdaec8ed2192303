/* The tree of contexts. Each is a struct of its kind that begins with a struct lg_context, in one allocation.
 *
 * Memory: a context is held by its owner, by each child, by each pending or running function, and by each wait with
 * it (struct lgi_done counts). So whatever a context points to upwards is alive: its cause may be an ancestor's.
 *
 * Locks: done.lock of a context guards whether it is done, its children and their links. None is taken under another,
 * but that of an lgi_after before that of its context. Nothing is called under them.
 *
 * Cancelling goes through the tree from its root without recursion or memory: a child is taken out of its parent's list, made
 * done, and becomes the place to go on from; `back` leads to where it was come from. A context is settled when all
 * below it is done: who cancels one that somebody else is just cancelling waits for that, so that whoever returns
 * from lg_context_cancel finds all descendants done. */
#ifndef LGI_CONTEXT_CONTEXT_H
#define LGI_CONTEXT_CONTEXT_H

#include <lifoguard/context.h>

#include "sched/goroutine.h"
#include "sched/lock.h"
#include "sched/park.h"
#include "sched/wheel.h"

enum lgi_context_kind {
    LGI_BACKGROUND,
    LGI_WITH_CANCEL,
    LGI_WITH_DEADLINE, /* struct lgi_timeout, as the next */
    LGI_FOR_CLEANUP,
    LGI_WITH_VALUE, /* struct lgi_valued */
    LGI_WITHOUT_CANCEL,
    LGI_MERGED,      /* struct lgi_merged */
    LGI_WITH_SIGNALS /* signal_context.c */
};

/* What stands in a context's list: something that is to be done when it is. */
enum lgi_child_kind {
    LGI_CHILD,        /* of a struct lg_context */
    LGI_SECOND_CHILD, /* of a struct lgi_merged, in the list of its second parent */
    LGI_FUNCTION      /* of a struct lgi_after */
};

struct lgi_child {
    struct lgi_child *next, *previous;
    uint8_t kind; /* enum lgi_child_kind */
    bool linked;
};

struct lg_context {
    struct lgi_done done; /* its error is lg_context_error's */
    uint32_t magic;
    uint8_t kind;                   /* enum lgi_context_kind */
    bool has_parent;                /* one that cancels it: `child` may be in its list */
    uint8_t settled;                /* atomic */
    uint8_t ended;                  /* atomic: its owner has let go of it */
    int fd;                         /* plus one: can be read when it is done. 0: none */
    struct lgi_child *first, *last; /* children */
    struct lgi_child child;
    struct lg_context *parent; /* NULL: of the background */
    struct lg_context *back;   /* while it is being cancelled; later, of those to be freed */
    const lg_error *cause;     /* once it is done */
    lg_error *given;           /* a cause of its own, freed with it */
    lg_time deadline;          /* LG_DURATION_MAX: none */
};

struct lgi_timeout {
    struct lg_context context;
    struct lgi_timer timer;
    lg_error *cause; /* NULL: the usual one */
};

struct lgi_valued {
    struct lg_context context;
    const lg_context_key *key;
    void *value;
};

struct lgi_merged {
    struct lg_context context;
    struct lgi_child second_child;
    struct lg_context *second;
    bool has_second; /* as has_parent */
};

/* Of one that is used, and of one that has been freed. */
#define LGI_CONTEXT_ALIVE 0x636f6e74U
#define LGI_CONTEXT_FREED 0xdeadc0deU

/* Panics. */
void lgi_context_misused(const lg_context *ctx, const char *function) __attribute__((noreturn));

/* The context itself; panics if it is not one. */
static inline struct lg_context *lgi_context_of(const lg_context *ctx, const char *function)
{
    if (__builtin_expect(!ctx || ctx->magic != LGI_CONTEXT_ALIVE, 0))
        lgi_context_misused(ctx, function);
    return (struct lg_context *)(uintptr_t)ctx;
}

static inline void lgi_context_hold(struct lg_context *ctx)
{
    if (ctx->kind != LGI_BACKGROUND)
        __atomic_fetch_add(&ctx->done.holders, 1, __ATOMIC_RELAXED);
}

/* The last one frees it. */
void lgi_context_release(struct lg_context *ctx);

/* ---- making one, in steps ---- */

/* Held by the caller and holding `parent`, but not its child yet. NULL: out of memory. */
struct lg_context *lgi_context_new(struct lg_context *parent, enum lgi_context_kind kind,
                                   size_t size);
void lgi_context_no_memory(const char *function) __attribute__((noreturn));

/* From here on it is done when its parent is: at once, if that is so already. */
void lgi_context_attach(struct lg_context *ctx);

/* ---- being done ---- */

/* Makes it done, and all below it. The cause is `given`, if not NULL, which is taken in any case, or `cause`, an ancestor's or
 * static. If it was done already, waits until all below it is. */
void lgi_context_finish(struct lg_context *ctx, lg_error *error, const lg_error *cause,
                        lg_error *given);

/* query.c: it is done, and has a descriptor. */
void lgi_context_tell_fd(const struct lg_context *ctx);

/* after.c: the context of a function is done, and it is in no list any more. */
void lgi_after_begin(struct lgi_child *child);

/* timeout.c: its timer is not needed any more; it is freed. */
void lgi_timeout_stop(struct lg_context *ctx);
void lgi_timeout_free(struct lg_context *ctx);

/* "SIGINT, SIGTERM": those that it was made for. */
enum { LGI_SIGNALS_TEXT = 1024 };
void lgi_signals_names(const struct lg_context *ctx, char *buffer, size_t size);

/* signal_context.c: it is done; its owner ends it. */
size_t lgi_signalled_size(void);
void lgi_signals_done(struct lg_context *ctx);
void lgi_signals_end(struct lg_context *ctx);

static inline void lgi_child_link(struct lg_context *parent, struct lgi_child *child)
{
    child->next = NULL;
    child->previous = parent->last;
    child->linked = true;
    *(parent->last ? &parent->last->next : &parent->first) = child;
    parent->last = child;
}

static inline void lgi_child_unlink(struct lg_context *parent, struct lgi_child *child)
{
    child->linked = false;
    *(child->previous ? &child->previous->next : &parent->first) = child->next;
    *(child->next ? &child->next->previous : &parent->last) = child->previous;
}

#endif
