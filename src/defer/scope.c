/* Scopes: any number of deferred calls, run when the block that holds the scope is left. The first ones
 * stand in the scope itself, the others in chunks of growing size, which never move: a handle to a call
 * stays good. lg_move gives the chunks to another scope as they are, so each chunk keeps how far it was filled. */
#include <lifoguard/move.h>

#include <stdlib.h>
#include <string.h>

#include "defer/call.h"
#include "defer/pending.h"
#include "defer/scope.h"
#include "defer/unwinding.h"

LGI_JUMPS_BEGIN

/* The first chunks are of a size that the C library's allocator keeps ready for each thread (glibc: up to 1032 bytes, seven pieces):
 * taking and giving back a larger piece takes as long as twenty deferred calls. */
enum { SMALL_CHUNK = 20, SMALL_CHUNKS = 6, GROWTH = 4, LARGEST_CHUNK = 4096 };
_Static_assert(sizeof(struct lgi_chunk) + SMALL_CHUNK * sizeof(struct lg_deferred) <= 1032,
               "a small chunk is kept ready");

static inline struct lgi_chunk *chunk_of(const struct lg_scope *scope)
{
    return scope->kinds & LGI_SCOPE_GROWN ? scope->chunk : NULL;
}

static struct lgi_frame *frame_of(const struct lg_scope *scope)
{
    const struct lgi_site *site = scope->record.site;
    return site && !site->kept ? scope->frame : NULL;
}

static struct lgi_head *head_of(const struct lg_scope *scope)
{
    return frame_of(scope) ? scope->head : NULL;
}

static size_t capacity_above(const struct lgi_chunk *below)
{
    unsigned count = 0;
    for (const struct lgi_chunk *chunk = below; chunk && count < SMALL_CHUNKS; chunk = chunk->below)
        count++;
    if (count < SMALL_CHUNKS)
        return SMALL_CHUNK;
    return below->capacity < LARGEST_CHUNK / GROWTH ? below->capacity * GROWTH : LARGEST_CHUNK;
}

static struct lgi_chunk *new_chunk(struct lgi_chunk *below)
{
    size_t capacity = capacity_above(below);
    struct lgi_chunk *chunk = malloc(sizeof(*chunk) + capacity * sizeof(chunk->calls[0]));
    if (chunk) {
        chunk->below = below;
        chunk->above = NULL;
        chunk->capacity = capacity;
    }
    return chunk;
}

static void begin_to_grow(struct lg_scope *scope)
{
    if (!(scope->kinds & LGI_SCOPE_GROWN))
        scope->chunks = scope->chunk = NULL;
    scope->kinds |= LGI_SCOPE_GROWN;
}

/* The chunk above the one in use, or the first one; NULL: there is no memory. */
static struct lgi_chunk *next_chunk(struct lg_scope *scope)
{
    begin_to_grow(scope);
    struct lgi_chunk **link = scope->chunk ? &scope->chunk->above : &scope->chunks;
    if (!*link)
        *link = new_chunk(scope->chunk);
    return *link;
}

/* The calls added so far stay where they are; those to come stand above them. */
static void note_used(struct lg_scope *scope)
{
    struct lgi_chunk *chunk = chunk_of(scope);
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

/* The newest chunk is empty. */
static void step_down(struct lg_scope *scope)
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

static void free_chunks(struct lgi_chunk **chunks)
{
    while (*chunks) {
        struct lgi_chunk *above = (*chunks)->above;
        free(*chunks);
        *chunks = above;
    }
}

static inline void free_all(struct lg_scope *scope)
{
    if (__builtin_expect(scope->kinds & LGI_SCOPE_GROWN, 0))
        free_chunks(&scope->chunks);
}

static bool empty(const struct lg_scope *scope)
{
    return !chunk_of(scope) && (!scope->next || scope->next == scope->first);
}

/* Takes the newest pending call out of the scope; NULL if there is none. The caller makes the call before
 * anything else: its words stay where they are only until something is added to the scope. */
static inline struct lg_deferred *take(struct lg_scope *scope, const struct lgi_site **site)
{
    for (;;) {
        struct lgi_chunk *chunk = chunk_of(scope);
        if (!scope->next || scope->next == (chunk ? chunk->calls : scope->first)) {
            if (!chunk)
                return NULL;
            step_down(scope);
            continue;
        }
        struct lg_deferred *newest = --scope->next;
        *site = newest->site;
        newest->site = NULL;
        if (*site)
            return newest;
    }
}

static void make(const struct lgi_site *site, const struct lg_deferred *call)
{
    if (!call->function)
        lgi_null_function(site);
    lgi_make_call(call->function, call->word, site->count);
}

/* Nothing is panicking, and the function is told so (P2). */
static void make_recovering(const struct lgi_site *site, const struct lg_deferred *call)
{
    uintptr_t words[LGI_MAX_ARGS + 1] = {0};
    memcpy(words + 1, call->word, site->count * sizeof(*words));
    if (!call->function)
        lgi_null_function(site);
    lgi_make_call(call->function, words, site->count + 1U);
}

/* Whatever it depends on. */
static void make_any(const struct lgi_site *site, const struct lg_deferred *call)
{
    if (site->kind == LGI_RECOVER)
        make_recovering(site, call);
    else
        make(site, call);
}

/* Its turn has come, and nothing unwinds the block. */
static __attribute__((noinline)) void
make_in(const struct lg_scope *scope, const struct lgi_site *site, const struct lg_deferred *call)
{
    switch (site->kind) {
    case LGI_ON_ERROR:
    case LGI_ON_SUCCESS:
        if (lgi_succeeded(frame_of(scope)) == (site->kind == LGI_ON_SUCCESS))
            make(site, call);
        break;
    case LGI_CONTAINED:
        lgi_contain_call(NULL, frame_of(scope), site, call->function, call->word);
        break;
    default: make_any(site, call); break;
    }
}

/* There was no memory for a call: it is made at once, and then the goroutine panics (D6). */
void lgi_scope_full(struct lg_scope *scope)
{
    const struct lgi_site *site = scope->spare.site;
    scope->spare.site = NULL;
    if (site->kind != LGI_ON_SUCCESS)
        make_any(site, &scope->spare);
    lgi_panic(site->file, site->line, "out of memory for a deferred call, which was made at once");
}

/* Runs the newest call. `usual`: the bits of `kinds` that make no difference. */
static inline void run_newest(struct lg_scope *scope, unsigned usual)
{
    struct lg_deferred *call = --scope->next;
    const struct lgi_site *site = call->site;
    if (!site)
        return;
    call->site = NULL;
    if (__builtin_expect((scope->kinds & ~usual) == 0 && call->function, 1))
        lgi_make_call(call->function, call->word, site->count);
    else
        make_in(scope, site, call);
}

/* Runs what stands in the chunk (NULL: in the scope itself) of a scope that has grown. A call may add to the scope, or
 * run or move what the scope holds: this returns when another chunk is in use. */
static inline void run_chunk(struct lg_scope *scope, const struct lgi_chunk *chunk)
{
    const struct lg_deferred *first = chunk ? chunk->calls : scope->first;
    while (scope->chunk == chunk && scope->next != first)
        run_newest(scope, LGI_SCOPE_GROWN);
}

static __attribute__((noinline)) void run(struct lg_scope *scope)
{
    begin_to_grow(scope);
    while (scope->next) {
        struct lgi_chunk *chunk = scope->chunk;
        run_chunk(scope, chunk);
        if (scope->chunk != chunk)
            continue;
        if (!chunk)
            return;
        step_down(scope);
    }
}

/* Of a scope that has not grown: the usual case, for which few registers are saved. */
static inline void run_few(struct lg_scope *scope)
{
    while (scope->next != scope->first) {
        if (__builtin_expect(scope->kinds != 0, 0)) {
            run(scope);
            return;
        }
        run_newest(scope, 0);
    }
}

static inline void close_scope(struct lg_scope *scope)
{
    free_all(scope);
    lgi_top = scope->record.previous;
}

/* One of the scope's calls is left by an unwinding, or has changed lgi_top: runs the rest. */
static __attribute__((noinline)) void finish_left(struct lg_scope *scope)
{
    if (lgi_top == &scope->record || lgi_leave(&scope->record)) {
        run(scope);
        close_scope(scope);
    }
}

static inline void finish(struct lg_scope **guard)
{
    if (*guard)
        finish_left(*guard);
}

static inline bool enters(struct lg_scope *scope)
{
    if (__builtin_expect(lgi_top == &scope->record, 1))
        return true;
    if (!lgi_leave(&scope->record))
        return false;
    lgi_top = &scope->record;
    return true;
}

void lgi_scope_leave(struct lg_scope *scope)
{
    if (!enters(scope))
        return;
    struct lg_scope *guard __attribute__((cleanup(finish))) = scope;
    run_few(scope);
    if (__builtin_expect(lgi_top == &scope->record, 1)) {
        close_scope(scope);
        guard = NULL;
    }
}

/* Also when pthread_exit or a C++ exception has left one of the calls: then it runs the rest. */
static void finish_unwound(struct lg_scope **guard)
{
    struct lg_scope *scope = *guard;
    run(scope);
    free_all(scope);
    if (lgi_top == &scope->record)
        lgi_top = scope->record.previous;
}

void lgi_scope_unwound(struct lgi_unwinding *unwinding, struct lg_scope *scope)
{
    struct lg_scope *guard __attribute__((cleanup(finish_unwound))) = scope;
    const struct lgi_site *site;
    const struct lg_deferred *call;
    while ((call = take(guard, &site))) {
        if (site->kind == LGI_CONTAINED)
            lgi_contain_call(unwinding, frame_of(guard), site, call->function, call->word);
        else if (site->kind != LGI_ON_SUCCESS)
            lgi_call_unwinding(unwinding, site, call->function, call->word);
    }
}

/* ---- for users ------------------------------------------------------------------------------------- */

void lg_deferred_dismiss(lg_deferred *deferred)
{
    if (deferred)
        deferred->site = NULL;
}

void lg_deferred_run(lg_deferred *deferred)
{
    if (!deferred || !deferred->site)
        return;
    const struct lgi_site *site = deferred->site;
    deferred->site = NULL;
    make_any(site, deferred);
}

void lg_scope_run(lg_scope *scope)
{
    run(scope);
}

void lg_scope_dismiss(lg_scope *scope)
{
    const struct lgi_site *site;
    while (take(scope, &site))
        ;
}

bool lgi_scope_visit(const struct lg_scope *scope,
                     bool (*visit)(const struct lg_deferred *call, void *data), void *data)
{
    const struct lgi_chunk *chunk = chunk_of(scope);
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

/* ---- calls that depend on the function (D19) --------------------------------------------------------- */

/* Why the scope cannot take a call of that kind; NULL: it can. */
static const char *refuses(const struct lg_scope *scope, unsigned kind)
{
    switch (kind) {
    case LGI_RECOVER:
        return head_of(scope) ? NULL
                              : "a recovering call: declare the scope in an lg_func_recovers";
    case LGI_CONTAINED:
        return frame_of(scope) && frame_of(scope)->error
                   ? NULL
                   : "a contained call: declare the scope in an lg_func (lg_error *, err)";
    case LGI_ON_ERROR:
    case LGI_ON_SUCCESS:
        return frame_of(scope)
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
    return chunk_of(scope) ? scope->first + scope->first_used : scope->next;
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
    begin_to_grow(to);
    struct lgi_chunk **link = to->chunk ? &to->chunk->above : &to->chunks;
    free_chunks(link);
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
    if (chunk_of(from))
        give_chunks(from, to);
    if (!from->record.site)
        free_all(from);
    begin(from);
}

/* First into a scope of this block, since a call may free what holds `cleanups`. */
void lg_cleanups_run(lg_cleanups *cleanups)
{
    lg_scope(all);
    if (cleanups)
        lgi_move(&cleanups->lgi_scope, &all);
}

void lg_cleanups_dismiss(lg_cleanups *cleanups)
{
    lg_scope_dismiss(&cleanups->lgi_scope);
    free_all(&cleanups->lgi_scope);
}

size_t lg_cleanups_count(const lg_cleanups *cleanups)
{
    return lg_scope_count(&cleanups->lgi_scope);
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

LGI_JUMPS_END
