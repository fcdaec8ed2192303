/* Scopes: any number of deferred calls, run when the block that holds the scope is left. The first ones
 * stand in the scope itself, the others in chunks of doubling size, which never move: a handle to a call
 * stays good. */
#include <stdlib.h>

#include "defer/call.h"
#include "defer/scope.h"
#include "defer/unwinding.h"

LGI_JUMPS_BEGIN

struct lgi_chunk {
    struct lgi_chunk *below; /* full */
    struct lgi_chunk *above; /* emptied, for use again: chunks stay until the scope is left */
    size_t capacity;
    struct lg_deferred calls[];
};

enum { FIRST_CHUNK = 16, LARGEST_CHUNK = 4096 };

static struct lgi_chunk *new_chunk(struct lgi_chunk *below)
{
    size_t capacity = below ? below->capacity * 2 : FIRST_CHUNK;
    if (capacity > LARGEST_CHUNK)
        capacity = LARGEST_CHUNK;
    struct lgi_chunk *chunk = malloc(sizeof(*chunk) + capacity * sizeof(chunk->calls[0]));
    if (chunk) {
        chunk->below = below;
        chunk->above = NULL;
        chunk->capacity = capacity;
    }
    return chunk;
}

lg_deferred *lgi_scope_grow(struct lg_scope *scope)
{
    struct lgi_chunk **link = scope->chunk ? &scope->chunk->above : &scope->chunks;
    if (!*link)
        *link = new_chunk(scope->chunk);
    struct lgi_chunk *chunk = *link;
    if (!chunk)
        return &scope->spare;
    scope->chunk = chunk;
    scope->next = chunk->calls + 1;
    scope->end = chunk->calls + chunk->capacity;
    return chunk->calls;
}

/* The newest chunk is empty. */
static void step_down(struct lg_scope *scope)
{
    struct lgi_chunk *below = scope->chunk = scope->chunk->below;
    scope->next = scope->end = below ? below->calls + below->capacity
                                     : scope->first + LGI_SCOPE_FIRST;
}

static void free_chunks(struct lg_scope *scope)
{
    while (scope->chunks) {
        struct lgi_chunk *above = scope->chunks->above;
        free(scope->chunks);
        scope->chunks = above;
    }
}

static bool empty(const struct lg_scope *scope)
{
    return !scope->chunk && scope->next == scope->first;
}

/* Takes the newest pending call out of the scope; NULL if there is none. The caller makes the call before
 * anything else: its words stay where they are only until something is added to the scope. */
static inline struct lg_deferred *take(struct lg_scope *scope, const struct lgi_site **site)
{
    for (;;) {
        struct lgi_chunk *chunk = scope->chunk;
        if (scope->next == (chunk ? chunk->calls : scope->first)) {
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

/* There was no memory for a call: it is made at once, and then the goroutine panics (D6). */
void lgi_scope_full(struct lg_scope *scope)
{
    const struct lgi_site *site = scope->spare.site;
    scope->spare.site = NULL;
    make(site, &scope->spare);
    lgi_panic(site->file, site->line, "out of memory for a deferred call, which was made at once");
}

static void run(struct lg_scope *scope)
{
    const struct lgi_site *site;
    const struct lg_deferred *call;
    while ((call = take(scope, &site)))
        make(site, call);
}

/* Runs when the scope has been run, and when one of its calls is left by an unwinding: then it runs the
 * rest. */
static void finish(struct lg_scope **guard)
{
    struct lg_scope *scope = *guard;
    if (lgi_top == &scope->record || lgi_leave(&scope->record)) {
        if (!empty(scope))
            run(scope);
        free_chunks(scope);
        lgi_top = scope->record.previous;
    }
}

void lgi_scope_leave(struct lg_scope *scope)
{
    if (__builtin_expect(lgi_top != &scope->record, 0) && !lgi_leave(&scope->record))
        return;
    lgi_top = &scope->record;
    if (empty(scope)) {
        free_chunks(scope);
        lgi_top = scope->record.previous;
        return;
    }
    struct lg_scope *guard __attribute__((cleanup(finish))) = scope;
    run(guard);
}

/* Also when pthread_exit or a C++ exception has left one of the calls: then it runs the rest. */
static void finish_unwound(struct lg_scope **guard)
{
    struct lg_scope *scope = *guard;
    run(scope);
    free_chunks(scope);
    if (lgi_top == &scope->record)
        lgi_top = scope->record.previous;
}

void lgi_scope_unwound(struct lgi_unwinding *unwinding, struct lg_scope *scope)
{
    struct lg_scope *guard __attribute__((cleanup(finish_unwound))) = scope;
    const struct lgi_site *site;
    const struct lg_deferred *call;
    while ((call = take(guard, &site)))
        lgi_call_unwinding(unwinding, site, call->function, call->word);
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
    make(site, deferred);
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
    const struct lgi_chunk *chunk = scope->chunk;
    const struct lg_deferred *next = scope->next;
    for (;;) {
        const struct lg_deferred *first = chunk ? chunk->calls : scope->first;
        while (next != first) {
            next--;
            if (next->site && !visit(next, data))
                return false;
        }
        if (!chunk)
            return true;
        chunk = chunk->below;
        next = chunk ? chunk->calls + chunk->capacity : scope->first + LGI_SCOPE_FIRST;
    }
}

static bool count_one(const struct lg_deferred *call, void *data)
{
    (void)call;
    ++*(size_t *)data;
    return true;
}

size_t lg_scope_count(const lg_scope *scope)
{
    size_t count = 0;
    lgi_scope_visit(scope, count_one, &count);
    return count;
}

LGI_JUMPS_END
