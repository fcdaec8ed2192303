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

/* Makes the pending calls of a scope whose block `unwinding` leaves. */
void lgi_scope_unwound(struct lgi_unwinding *unwinding, struct lg_scope *scope);

/* Visits the pending calls, the next to run first, until `visit` returns false; then returns false. */
bool lgi_scope_visit(const struct lg_scope *scope,
                     bool (*visit)(const struct lg_deferred *call, void *data), void *data);

#endif
