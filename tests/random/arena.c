/* Memory for trees. */
#include <stdlib.h>
#include <string.h>

#include "ast.h"

enum { ARENA_BLOCK = 1 << 20 };

struct arena {
    struct arena_block {
        struct arena_block *next;
        unsigned used;
        _Alignas(16) char bytes[ARENA_BLOCK];
    } *first, *now;
};

struct arena *arena_new(void)
{
    struct arena *arena = calloc(1, sizeof(*arena));
    if (!arena)
        abort();
    return arena;
}

void *arena_take(struct arena *arena, unsigned size)
{
    size = (size + 15) & ~15U;
    struct arena_block *block = arena->now;
    if (!block || block->used + size > ARENA_BLOCK) {
        struct arena_block *next = block ? block->next : NULL;
        if (!next) {
            next = malloc(sizeof(*next));
            if (!next)
                abort();
            next->next = NULL;
            if (block)
                block->next = next;
            else
                arena->first = next;
        }
        next->used = 0;
        arena->now = block = next;
    }
    void *taken = block->bytes + block->used;
    block->used += size;
    memset(taken, 0, size);
    return taken;
}

void arena_reset(struct arena *arena)
{
    arena->now = arena->first;
    if (arena->first)
        arena->first->used = 0;
}

void arena_free(struct arena *arena)
{
    while (arena->first) {
        struct arena_block *next = arena->first->next;
        free(arena->first);
        arena->first = next;
    }
    free(arena);
}
