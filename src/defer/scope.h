/* Scopes, as the rest of the room sees them. */
#ifndef LGI_DEFER_SCOPE_H
#define LGI_DEFER_SCOPE_H

#include <stdbool.h>

#include <lifoguard/defer.h>

struct lgi_unwinding;

/* Makes the pending calls of a scope whose block `unwinding` leaves. */
void lgi_scope_unwound(struct lgi_unwinding *unwinding, struct lg_scope *scope);

/* Visits the pending calls, the next to run first, until `visit` returns false; then returns false. */
bool lgi_scope_visit(const struct lg_scope *scope,
                     bool (*visit)(const struct lg_deferred *call, void *data), void *data);

#endif
