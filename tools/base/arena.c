#define _GNU_SOURCE
#include "arena.h"

#include "buffer.h"

#include <lifoguard/defer.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 16 * 1024 };

struct arena_block {
    struct arena_block *next;
    size_t used, size;
    _Alignas(max_align_t) char memory[];
};

static struct arena_block *new_block(struct arena *arena, size_t size)
{
    size = size > BLOCK ? size : BLOCK;
    struct arena_block *block = need_memory(NULL, sizeof(*block) + size);
    *block = (struct arena_block){.next = arena->blocks, .size = size};
    arena->blocks = block;
    return block;
}

void *arena_take(struct arena *arena, size_t size)
{
    size_t align = _Alignof(max_align_t);
    size = (size + align - 1) / align * align;
    struct arena_block *block = arena->blocks;
    if (!block || block->size - block->used < size)
        block = new_block(arena, size);
    void *memory = block->memory + block->used;
    block->used += size;
    return memset(memory, 0, size);
}

char *arena_copy(struct arena *arena, const char *text, size_t length)
{
    char *copy = arena_take(arena, length + 1);
    memcpy(copy, text, length);
    return copy;
}

char *arena_vformat(struct arena *arena, const char *otherwise, const char *format, va_list values)
{
    char *text = NULL;
    int length = vasprintf(&text, format, values);
    lg_defer(free, text);
    return length < 0 ? arena_copy(arena, otherwise, strlen(otherwise))
                      : arena_copy(arena, text, (size_t)length);
}

char *arena_format(struct arena *arena, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    char *text = arena_vformat(arena, "", format, values);
    va_end(values);
    return text;
}

void arena_free(struct arena *arena)
{
    while (arena->blocks) {
        struct arena_block *block = arena->blocks;
        arena->blocks = block->next;
        free(block);
    }
}
