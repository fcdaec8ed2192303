/* Scopes, as the rest of the room sees them. */
#ifndef LGI_DEFER_SCOPE_H
#define LGI_DEFER_SCOPE_H

#include <stdbool.h>

#include <lifoguard/defer.h>

struct lgi_unwinding;

/* Calls of a scope past the first ones. */
struct lgi_chunk {
    struct lgi_chunk *below; /* full */
    struct lgi_chunk *above; /* emptied, for use again: chunks stay until the scope is left */
    size_t capacity;
    size_t used; /* once there is a chunk with calls above */
    struct lg_deferred calls[];
};

/* The bit of `kinds` which says that `chunk` and `chunks` have values. */
enum { LGI_SCOPE_GROWN = 1 << LGI_SCOPE };

static inline struct lgi_chunk *lgi_scope_chunk(const struct lg_scope *scope)
{
    return scope->kinds & LGI_SCOPE_GROWN ? scope->chunk : NULL;
}

static inline struct lgi_frame *lgi_scope_frame(const struct lg_scope *scope)
{
    const struct lgi_site *site = scope->record.site;
    return site && !site->kept ? scope->frame : NULL;
}

static inline struct lgi_head *lgi_scope_head(const struct lg_scope *scope)
{
    return lgi_scope_frame(scope) ? scope->head : NULL;
}

static inline void lgi_scope_begin_to_grow(struct lg_scope *scope)
{
    if (!(scope->kinds & LGI_SCOPE_GROWN))
        scope->chunks = scope->chunk = NULL;
    scope->kinds |= LGI_SCOPE_GROWN;
}

/* Takes the newest pending call out of the scope; NULL if there is none. The caller makes the call before
 * anything else: its words stay where they are only until something is added to the scope. */
struct lg_deferred *lgi_scope_take(struct lg_scope *scope, const struct lgi_site **site);

/* The newest chunk is empty: the one below is now in use. */
void lgi_scope_step_down(struct lg_scope *scope);

/* chunk.c: a chunk to stand above `below`, or the first one; NULL: there is no memory. */
struct lgi_chunk *lgi_chunk_new(struct lgi_chunk *below);
void lgi_chunk_free(struct lgi_chunk *chunk);

void lgi_scope_free_chunks(struct lgi_chunk **chunks);

static inline void lgi_scope_free_all(struct lg_scope *scope)
{
    if (__builtin_expect(scope->kinds & LGI_SCOPE_GROWN, 0))
        lgi_scope_free_chunks(&scope->chunks);
}

/* Makes the pending calls of a scope whose block `unwinding` leaves. */
void lgi_scope_unwound(struct lgi_unwinding *unwinding, struct lg_scope *scope);

/* Visits the pending calls, the next to run first, until `visit` returns false; then returns false. */
bool lgi_scope_visit(const struct lg_scope *scope,
                     bool (*visit)(const struct lg_deferred *call, void *data), void *data);

#endif
