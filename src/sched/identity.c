#include "sched/identity.h"

#include "sched/fiber.h"
#include "sched/runtime.h"

/* The record may be cleared for another goroutine or thread meanwhile; then the answer may be wrong, as it may be outdated in
 * any case. */
#if defined(__clang__)
__attribute__((disable_sanitizer_instrumentation)) /* no_sanitize would leave atomics in */
#else
__attribute__((no_sanitize_thread))
#endif
static bool is_its(const struct lgi_g *g, uint64_t identity)
{
    return g && __atomic_load_n(&g->identity, __ATOMIC_RELAXED) == identity;
}

const struct lgi_g *lgi_identity_find(uint64_t identity)
{
    uint32_t place = lgi_identity_place(identity);
    const struct lgi_g *g = NULL;
    if (place >= LGI_PLACES_OF_WORKERS) {
        g = &lgi_workers[place - LGI_PLACES_OF_WORKERS]->native;
    } else if (place >= LGI_PLACES_OF_THREADS) {
        g = lgi_thread_in_place(place);
    } else {
        void *high = lgi_stack_in_place(place);
        g = high ? lgi_g_of_stack(high) : NULL;
    }
    return is_its(g, identity) ? g : NULL;
}

const char *lgi_waits_for(const struct lgi_g *g)
{
    if (g->waits_for && g->held) {
        uint64_t owner = __atomic_load_n(g->held, __ATOMIC_RELAXED) & ~LGI_IDENTITY_FLAGS;
        if (owner && !lgi_identity_find(owner))
            return "what one that has ended still holds";
    }
    return g->waits_for ? g->waits_for : "something";
}
