/* Functions that are called when a context is done. All memory for the call is allocated beforehand.
 *
 * Each function has a struct lgi_after, which is used again for other functions but never freed. An lg_context_func names
 * the struct and the number of this use, so it can be kept as long as the program likes. */
#include <lifoguard/panic.h>

#include <stdlib.h>

#include "context/context.h"
#include "defer/call.h"
#include "sched/make_thread.h"
#include "sched/runtime.h"

struct lgi_after {
    struct lgi_child child;
    struct lg_context *context; /* held */
    struct lgi_task *start;     /* NULL: the function has begun, or may begin any moment */
    struct lgi_after *next;     /* while it is free */
    struct shard *shard;        /* from which it was taken, and to which it is given back */
    /* Guards what follows; taken before the context's lock. */
    uint32_t lock;
    uint64_t number;            /* goes up with each use */
    struct lgi_g *runner;       /* the goroutine that runs the function; NULL: it has not begun */
    struct lgi_waiters waiters; /* for its end */
};

/* ---- free ones ---- */

enum { SHARDS = 8, AT_ONCE = 32 };

struct chunk {
    struct chunk *next;
    struct lgi_after after[AT_ONCE];
};

/* The thread decides from which shard a struct is taken, and most functions end on another thread than the one that made
 * them. So each struct goes back to the shard from which it was taken; otherwise one shard would get all of them, and another
 * would allocate for ever. */
static struct shard {
    _Alignas(64) uint32_t lock;
    struct lgi_after *free;
    struct chunk *chunks; /* for tools that look for leaks */
} shards[SHARDS];

static struct shard *my_shard(void)
{
    return &shards[lgi_worker ? lgi_worker->number % SHARDS : SHARDS - 1];
}

static struct lgi_after *take(void)
{
    struct shard *shard = my_shard();
    lgi_lock(&shard->lock);
    struct lgi_after *after = shard->free;
    if (after)
        shard->free = after->next;
    lgi_unlock(&shard->lock);
    if (after)
        return after;
    struct chunk *chunk = calloc(1, sizeof(*chunk));
    if (!chunk)
        return NULL;
    for (unsigned i = 0; i < AT_ONCE; i++) {
        chunk->after[i].shard = shard;
        chunk->after[i].next = i > 0 && i < AT_ONCE - 1 ? &chunk->after[i + 1] : NULL;
    }
    lgi_lock(&shard->lock);
    chunk->next = shard->chunks;
    shard->chunks = chunk;
    chunk->after[AT_ONCE - 1].next = shard->free;
    shard->free = &chunk->after[1];
    lgi_unlock(&shard->lock);
    return &chunk->after[0];
}

static void give(struct lgi_after *after)
{
    struct shard *shard = after->shard;
    lgi_lock(&shard->lock);
    after->next = shard->free;
    shard->free = after;
    lgi_unlock(&shard->lock);
}

/* In a child, those who waited for the end of the function have stayed in the parent. */
static void lock(struct lgi_after *after)
{
    if (__builtin_expect(lgi_lock_whole(&after->lock), 0))
        lgi_waiters_forget(&after->waiters);
}

static void unlock(struct lgi_after *after)
{
    lgi_unlock_lists(&after->lock);
}

/* ---- running ---- */

/* The function has been called, or never will be. */
static void over(struct lgi_after *after)
{
    struct lgi_woken woken = {0};
    lock(after);
    after->number++;
    after->runner = NULL;
    struct lg_context *ctx = after->context;
    lgi_waiters_claim_all(&after->waiters, 0, &woken);
    unlock(after);
    lgi_unpark_all(&woken);
    lgi_context_release(ctx);
    give(after);
}

/* Runs in whatever way the call is left. */
static void leave(struct lgi_after **after)
{
    over(*after);
}

static void run(struct lgi_task *start)
{
    struct lgi_after *after __attribute__((cleanup(leave))) = start->owner;
    lock(after);
    after->runner = lgi_self();
    unlock(after);
    // NOLINTNEXTLINE(clang-analyzer-deadcode.DeadStores): the cleanup reads it, if the thread is ended
    struct lgi_g *guard __attribute__((cleanup(lgi_refuse_thread_exit))) = after->runner;
    lgi_make_call(start->function, start->word, start->site->count);
    guard = NULL;
}

static void drop(struct lgi_task *start)
{
    over(start->owner);
}

void lgi_after_begin(struct lgi_child *child)
{
    struct lgi_after *after = (struct lgi_after *)child; /* its first member */
    struct lgi_task *start = after->start;
    after->start = NULL;
    if (!lgi_task_enqueue(start)) /* there were workers when it was made */
        lg_panic("no workers for a function of a context");
}

lg_context_func lgi_context_after(const lg_context *ctx, const struct lgi_site *site,
                                  lgi_function function, const uintptr_t *words)
{
    struct lg_context *self = lgi_context_of(ctx, "lg_context_on_done");
    if (!function)
        lgi_panic(site->file, site->line, "lg_context_on_done of a NULL function");
    struct lgi_task *start = lgi_workers_begin() ? lgi_task_new(site, function, words) : NULL;
    struct lgi_after *after = start ? take() : NULL;
    if (!after) {
        if (start)
            lgi_task_free(start);
        lgi_panic(site->file, site->line, "out of memory or threads for a function of a context%s",
                  lgi_thread_refusal());
    }
    start->run = run;
    start->drop = drop;
    start->owner = after;
    after->child.offset = 0;
    after->start = start;
    after->context = self;
    lgi_context_hold(self);
    const lg_context_func func = {after, after->number};
    lgi_done_lock(&self->done);
    bool done = self->done.happened;
    if (!done)
        lgi_child_link(self, &after->child);
    lgi_done_unlock(&self->done);
    if (done)
        lgi_after_begin(&after->child);
    return func;
}

/* ---- stopping ---- */

/* Under the lock. True: the function was taken back, and the lock is released. */
static bool take_back(struct lgi_after *after)
{
    struct lg_context *ctx = after->context;
    lgi_done_lock(&ctx->done);
    bool pending = after->child.linked;
    if (pending)
        lgi_child_unlink(ctx, &after->child);
    lgi_done_unlock(&ctx->done);
    if (!pending)
        return false;
    struct lgi_task *start = after->start;
    after->number++;
    unlock(after);
    lgi_task_free(start);
    lgi_context_release(ctx);
    give(after);
    return true;
}

bool lg_context_func_stop(lg_context_func *func)
{
    struct lgi_after *after = func ? func->lgi_after : NULL;
    if (!after)
        return false;
    lock(after);
    if (after->number == func->lgi_number && take_back(after))
        return true;
    unlock(after);
    return false;
}

static lg_error *stop_and_wait(lg_context_func *func, lg_until until, bool through, bool *prevented)
{
    struct lgi_after *after = func ? func->lgi_after : NULL;
    *prevented = false;
    if (!after)
        return NULL;
    struct lgi_g *g = lgi_self();
    struct lgi_waiter waiter = {.g = g};
    lock(after);
    if (after->number != func->lgi_number) {
        unlock(after);
        return NULL;
    }
    if (take_back(after)) {
        *prevented = true;
        return NULL;
    }
    if (after->runner == g) {
        unlock(after);
        lg_panic("lg_context_func_stop_and_wait in the function itself: it would wait for itself; "
                 "lg_context_func_stop does not wait");
    }
    lgi_wait_begin(g, "function of a context");
    lgi_waiters_push(&after->waiters, &waiter);
    unlock(after);
    uint32_t claim = through ? lgi_park_through(g) : lgi_park(g, until);
    if (claim >= LGI_READY)
        return NULL;
    lock(after);
    lgi_waiters_remove(&after->waiters, &waiter);
    unlock(after);
    return lgi_wait_failed(claim, until);
}

bool lg_context_func_stop_and_wait(lg_context_func *func)
{
    bool prevented;
    (void)stop_and_wait(func, lg_until_forever(), true, &prevented);
    return prevented;
}

lg_error *lg_context_func_stop_and_wait_until(lg_context_func *func, lg_until until,
                                              bool *prevented)
{
    bool ignored;
    return stop_and_wait(func, until, false, prevented ? prevented : &ignored);
}
