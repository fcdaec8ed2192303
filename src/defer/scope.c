/* Scopes: any number of deferred calls, run when the block that holds the scope is left. (scope_room.c: where they stand.) */
#include <lifoguard/move.h>

#include <string.h>

#include "defer/call.h"
#include "defer/pending.h"
#include "defer/scope.h"
#include "defer/unwinding.h"

LGI_JUMPS_BEGIN

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
        if (lgi_succeeded(lgi_scope_frame(scope)) == (site->kind == LGI_ON_SUCCESS))
            make(site, call);
        break;
    case LGI_CONTAINED:
        lgi_contain_call(NULL, lgi_scope_frame(scope), site, call->function, call->word);
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
    lgi_scope_begin_to_grow(scope);
    while (scope->next) {
        struct lgi_chunk *chunk = scope->chunk;
        run_chunk(scope, chunk);
        if (scope->chunk != chunk)
            continue;
        if (!chunk)
            return;
        lgi_scope_step_down(scope);
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
    lgi_scope_free_all(scope);
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

/* On a line of the cache of its own: the loop over the calls of a scope stands on two lines then, and not on three. */
__attribute__((aligned(64))) void lgi_scope_leave(struct lg_scope *scope)
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
    lgi_scope_free_all(scope);
    if (lgi_top == &scope->record)
        lgi_top = scope->record.previous;
}

void lgi_scope_unwound(struct lgi_unwinding *unwinding, struct lg_scope *scope)
{
    struct lg_scope *guard __attribute__((cleanup(finish_unwound))) = scope;
    const struct lgi_site *site;
    const struct lg_deferred *call;
    while ((call = lgi_scope_take(guard, &site))) {
        if (site->kind == LGI_CONTAINED)
            lgi_contain_call(unwinding, lgi_scope_frame(guard), site, call->function, call->word);
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
    lgi_scope_free_all(&cleanups->lgi_scope);
}

size_t lg_cleanups_count(const lg_cleanups *cleanups)
{
    return lg_scope_count(&cleanups->lgi_scope);
}

LGI_JUMPS_END
