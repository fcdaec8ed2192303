/* Where the calls of a scope stand: the first ones in the scope itself, the others in chunks of growing size, which never move: a
 * handle to a call stays good. lg_move gives the chunks to another scope as they are, so each chunk keeps how far it was filled. */
#include <lifoguard/move.h>

#include "defer/jump.h"
#include "defer/panic.h"
#include "defer/pending.h"
#include "defer/scope.h"

LGI_JUMPS_BEGIN

/* The chunk above the one in use, or the first one; NULL: there is no memory. */
static struct lgi_chunk *next_chunk(struct lg_scope *scope)
{
    lgi_scope_begin_to_grow(scope);
    struct lgi_chunk **link = scope->chunk ? &scope->chunk->above : &scope->chunks;
    if (!*link)
        *link = lgi_chunk_new(scope->chunk);
    return *link;
}

/* The calls added so far stay where they are; those to come stand above them. */
static void note_used(struct lg_scope *scope)
{
    struct lgi_chunk *chunk = lgi_scope_chunk(scope);
    if (chunk)
        chunk->used = (size_t)(scope->next - chunk->calls);
    else
        scope->first_used = (unsigned)(scope->next - scope->first);
}

static void begin(struct lg_scope *scope)
{
    scope->next = scope->first;
    scope->end = scope->first + LGI_SCOPE_FIRST;
}

lg_deferred *lgi_scope_grow(struct lg_scope *scope)
{
    if (!scope->next) {
        begin(scope);
        return scope->next++;
    }
    struct lgi_chunk *chunk = next_chunk(scope);
    if (!chunk)
        return &scope->spare;
    note_used(scope);
    scope->chunk = chunk;
    scope->next = chunk->calls + 1;
    scope->end = chunk->calls + chunk->capacity;
    return chunk->calls;
}

void lgi_scope_step_down(struct lg_scope *scope)
{
    struct lgi_chunk *below = scope->chunk = scope->chunk->below;
    if (below) {
        scope->next = below->calls + below->used;
        scope->end = below->calls + below->capacity;
    } else {
        begin(scope);
        scope->next += scope->first_used;
    }
}

void lgi_scope_free_chunks(struct lgi_chunk **chunks)
{
    while (*chunks) {
        struct lgi_chunk *above = (*chunks)->above;
        lgi_chunk_free(*chunks);
        *chunks = above;
    }
}

static bool empty(const struct lg_scope *scope)
{
    return !lgi_scope_chunk(scope) && (!scope->next || scope->next == scope->first);
}

struct lg_deferred *lgi_scope_take(struct lg_scope *scope, const struct lgi_site **site)
{
    for (;;) {
        struct lgi_chunk *chunk = lgi_scope_chunk(scope);
        if (!scope->next || scope->next == (chunk ? chunk->calls : scope->first)) {
            if (!chunk)
                return NULL;
            lgi_scope_step_down(scope);
            continue;
        }
        struct lg_deferred *newest = --scope->next;
        *site = newest->site;
        newest->site = NULL;
        if (*site)
            return newest;
    }
}

void lg_scope_dismiss(lg_scope *scope)
{
    const struct lgi_site *site;
    while (lgi_scope_take(scope, &site))
        ;
}

bool lgi_scope_visit(const struct lg_scope *scope,
                     bool (*visit)(const struct lg_deferred *call, void *data), void *data)
{
    const struct lgi_chunk *chunk = lgi_scope_chunk(scope);
    const struct lg_deferred *next = scope->next;
    while (next) {
        const struct lg_deferred *first = chunk ? chunk->calls : scope->first;
        while (next != first) {
            next--;
            if (next->site && !visit(next, data))
                return false;
        }
        if (!chunk)
            return true;
        chunk = chunk->below;
        next = chunk ? chunk->calls + chunk->used : scope->first + scope->first_used;
    }
    return true;
}

static bool count_call(const struct lg_deferred *call, void *data)
{
    (void)call;
    ++*(size_t *)data;
    return true;
}

size_t lg_scope_count(const lg_scope *scope)
{
    size_t count = 0;
    lgi_scope_visit(scope, count_call, &count);
    return count;
}

/* ---- calls that depend on the function (D19) --------------------------------------------------------- */

/* Why the scope cannot take a call of that kind; NULL: it can. */
static const char *refuses(const struct lg_scope *scope, unsigned kind)
{
    switch (kind) {
    case LGI_RECOVER:
        return lgi_scope_head(scope)
                   ? NULL
                   : "a recovering call: declare the scope in an lg_func_recovers";
    case LGI_CONTAINED:
        return lgi_scope_frame(scope) && lgi_scope_frame(scope)->error
                   ? NULL
                   : "a contained call: declare the scope in an lg_func (lg_error *, err)";
    case LGI_ON_ERROR:
    case LGI_ON_SUCCESS:
        return lgi_scope_frame(scope)
                   ? NULL
                   : "a call that depends on the function's success: declare the scope in "
                     "an lg_func";
    default: return NULL;
    }
}

lg_deferred *lgi_scope_add_special(struct lg_scope *scope, const struct lgi_site *site)
{
    const char *refused = refuses(scope, site->kind);
    if (refused)
        lgi_panic(site->file, site->line, "the scope cannot take %s", refused);
    scope->kinds |= 1U << site->kind;
    return lgi_scope_add(scope);
}

static bool check_kind(const struct lg_deferred *call, void *data)
{
    const char *refused = refuses(data, call->site->kind);
    if (refused)
        lg_panic("lg_move: the receiver cannot take %s", refused);
    return true;
}

/* ---- moving (D17) ---------------------------------------------------------------------------------- */

static void check_owner(const struct lg_scope *scope)
{
    if (scope->record.site && !lgi_is_on_own_stack(scope))
        lg_panic(
            "lg_move: a scope belongs to another goroutine or thread, which alone may move its calls: "
            "hand them over in an lg_cleanups");
}

/* The calls that stand in the scope itself: they are copied. */
static struct lg_deferred *end_of_first(struct lg_scope *scope)
{
    return lgi_scope_chunk(scope) ? scope->first + scope->first_used : scope->next;
}

static bool has_room(struct lg_scope *scope, const struct lg_scope *from,
                     const struct lg_deferred *end)
{
    ptrdiff_t count = 0;
    for (const struct lg_deferred *call = from->first; call != end; call++)
        count += call->site != NULL;
    if (!scope->next)
        begin(scope);
    return count <= scope->end - scope->next || next_chunk(scope);
}

static void copy(struct lg_scope *to, struct lg_deferred *call)
{
    if (call->site)
        *lgi_scope_add(to) = *call;
    call->site = NULL; /* a handle to it has nothing to dismiss or run */
}

/* The chunks go over as they are, those emptied before too. */
static void give_chunks(struct lg_scope *from, struct lg_scope *to)
{
    lgi_scope_begin_to_grow(to);
    struct lgi_chunk **link = to->chunk ? &to->chunk->above : &to->chunks;
    lgi_scope_free_chunks(link);
    note_used(to);
    *link = from->chunks;
    from->chunks->below = to->chunk;
    to->chunk = from->chunk;
    to->next = from->next;
    to->end = from->end;
    from->chunks = from->chunk = NULL;
}

void lgi_move(struct lg_scope *from, struct lg_scope *to)
{
    check_owner(from);
    check_owner(to);
    if (from == to || empty(from))
        return;
    const unsigned kinds = from->kinds & ~(unsigned)LGI_SCOPE_GROWN;
    if (kinds)
        lgi_scope_visit(from, check_kind, to);
    struct lg_deferred *end = end_of_first(from);
    if (!has_room(to, from, end))
        lg_panic("lg_move: out of memory; the calls stay where they were");
    for (struct lg_deferred *call = from->first; call != end; call++)
        copy(to, call);
    to->kinds |= kinds;
    from->kinds &= LGI_SCOPE_GROWN;
    if (lgi_scope_chunk(from))
        give_chunks(from, to);
    if (!from->record.site)
        lgi_scope_free_all(from);
    begin(from);
}

LGI_JUMPS_END
