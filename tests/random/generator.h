/* Random numbers, and what both generators keep. */
#ifndef RANDOM_GENERATOR_H
#define RANDOM_GENERATOR_H

#include "ast.h"

struct generator {
    struct arena *arena;
    unsigned long long state;
    struct shape *shape;
    const struct program *program;
    int numbers; /* of statements */
    int scopes, handles, labels;
};

/* A number under `limit` (splitmix64). */
static inline unsigned below(struct generator *g, unsigned limit)
{
    g->state += 0x9e3779b97f4a7c15ULL;
    unsigned long long z = g->state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return (unsigned)((z ^ (z >> 31)) >> 16) % limit;
}

static inline bool chance(struct generator *g, unsigned percent)
{
    return below(g, 100) < percent;
}

static inline struct statement *make(struct generator *g, enum what what)
{
    struct statement *s = arena_take(g->arena, sizeof(*s));
    s->what = what;
    s->target = s->handle = -1;
    s->site = s->other_site = -1;
    s->n = ++g->numbers;
    return s;
}

#endif
