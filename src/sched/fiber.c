#include "sched/fiber.h"

#include <string.h>

#include "sched/instrument.h"
#include "sched/shortage.h"
#include "sched/switch.h"

enum {
    STACKS_KEPT = 256,    /* by a worker, of each size … */
    BYTES_KEPT = 1 << 25, /* … and of large ones fewer, which may have been used to their ends */
    GIVEN_AT_ONCE = 32,   /* of those too many, before the worker checks for something to run */
    GIVE_BACK_EVERY = 64, /* steps of a worker that always has something to run */
};

struct lgi_g *lgi_g_of_stack(void *high)
{
    uintptr_t at = (uintptr_t)lgi_stack_end(high) - sizeof(struct lgi_g);
    return (struct lgi_g *)(at & ~(uintptr_t)(LGI_G_ALIGNMENT - 1));
}

/* ---- the stacks that are kept ---- */

static unsigned most_kept(unsigned stack_class)
{
    size_t fit = (size_t)BYTES_KEPT >> (stack_class + LGI_STACK_LEAST);
    if (fit == 0)
        return 1;
    return fit < STACKS_KEPT ? (unsigned)fit : STACKS_KEPT;
}

static void keep(struct lgi_stack_cache *cache, void *high)
{
    lgi_stack_end(high)->next = cache->first;
    cache->first = high;
    cache->count++;
}

static void give_stack(void *high)
{
    lgi_stack_end(high)->next = NULL;
    lgi_stacks_give(high);
}

/* Takes the `count` stacks out of the cache that were kept last. */
static void *take_newest(struct lgi_stack_cache *cache, unsigned count)
{
    void *first = cache->first, **link = &cache->first;
    for (unsigned i = 0; i < count; i++)
        link = &lgi_stack_end(*link)->next;
    cache->first = *link;
    *link = NULL;
    cache->count -= count;
    return first;
}

static void *stack_of_class(struct lgi_worker *w, unsigned stack_class)
{
    struct lgi_stack_cache *cache = &w->stacks[stack_class];
    void *high = cache->first;
    if (!high)
        return lgi_stack_take(stack_class, &cache->reserve);
    cache->first = lgi_stack_end(high)->next;
    cache->count--;
    return high;
}

bool lgi_fiber_possible(struct lgi_worker *w, unsigned stack_class)
{
    struct lgi_stack_cache *cache = &w->stacks[stack_class];
    if (cache->first)
        return true;
    void *high = lgi_stack_take(stack_class, &cache->reserve);
    if (!high)
        return false;
    keep(cache, high);
    return true;
}

void lgi_fiber_bury(struct lgi_worker *w)
{
    struct lgi_g *g = w->dead;
    struct lgi_stack_cache *cache = &w->stacks[g->stack_class];
    void *high = (void *)g->bounds.high;
    w->dead = NULL;
    if (g->tsan_fiber)
        __tsan_destroy_fiber(g->tsan_fiber);
    bool some_are_short = lgi_some_are_short();
    if ((cache->count >= most_kept(g->stack_class) && w->steps % GIVE_BACK_EVERY == 0) ||
        some_are_short)
        give_stack(high);
    else
        keep(cache, high);
    if (__builtin_expect(some_are_short, 0))
        lgi_wake_short_workers();
}

static unsigned too_many(const struct lgi_stack_cache *cache, unsigned kept)
{
    unsigned count = cache->count > kept ? cache->count - kept : 0;
    return count < GIVEN_AT_ONCE ? count : GIVEN_AT_ONCE;
}

bool lgi_fibers_give_back(struct lgi_worker *w)
{
    bool some_are_short = lgi_some_are_short();
    for (unsigned class_ = 0; class_ < LGI_STACK_CLASSES; class_++) {
        struct lgi_stack_cache *cache = &w->stacks[class_];
        unsigned count = too_many(cache, some_are_short ? 0 : most_kept(class_));
        if (count == 0)
            continue;
        lgi_stacks_give(take_newest(cache, count));
        if (some_are_short)
            lgi_wake_short_workers();
        return true;
    }
    return false;
}

/* ---- making a goroutine ---- */

/* All but the identity, which is 0, and which others may be reading. (A memset of the whole becomes a `rep stos`, which takes
 * longer than everything else here.) */
static inline void clear(struct lgi_g *g)
{
    enum { LINE = 64 };
    _Static_assert(offsetof(struct lgi_g, identity) == LINE, "it begins the second line");
    memset(g, 0, LINE);
    memset(&g->identity + 1, 0, LINE - sizeof(g->identity));
    for (size_t at = (size_t)LINE * 2; at < offsetof(struct lgi_g, name); at += LINE)
        memset((char *)g + at, 0, LINE);
}

/* A stack that has had its last identity is never used again. */
static void *stack_with_identity(struct lgi_worker *w, unsigned stack_class, uint64_t *identity)
{
    void *high;
    do {
        high = stack_of_class(w, stack_class);
    } while (high && (*identity = lgi_stack_next_identity((uintptr_t)high)) == 0);
    return high;
}

struct lgi_g *lgi_fiber_new(struct lgi_worker *w, struct lgi_task *task, void (*entry)(void *g))
{
    uint64_t identity;
    char *high = stack_with_identity(w, task->stack_class, &identity);
    if (!high)
        return NULL;
    size_t size = lgi_stack_size(task->stack_class);
    struct lgi_g *g = lgi_g_of_stack(high);
    if (__asan_unpoison_memory_region)
        __asan_unpoison_memory_region(high - size, size);
    clear(g);
    g->worker = w;
    __atomic_store_n(&g->identity, identity, __ATOMIC_RELAXED);
    g->start = task;
    g->stack_class = task->stack_class;
    g->claim = LGI_READY;
    g->stop = lgi_is_exiting();
    g->bounds = (struct lgi_stack_bounds){(uintptr_t)high - size, (uintptr_t)high};
    g->sp = lgi_stack_prepare(g, entry, g);
    if (__tsan_create_fiber)
        g->tsan_fiber = __tsan_create_fiber(0);
    __atomic_store_n(&w->alive, w->alive + 1, __ATOMIC_RELAXED);
    return g;
}
