#define _GNU_SOURCE
#include "base.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct chunk {
    struct chunk *next;
    max_align_t bytes[];
};

static void *must(void *memory)
{
    if (!memory) {
        fputs("lifoguard-vet: out of memory\n", stderr);
        exit(2);
    }
    return memory;
}

void *arena_take(struct arena *arena, size_t size)
{
    size = (size + 15) & ~(size_t)15;
    if ((size_t)(arena->end - arena->next) < size) {
        size_t room = size > 65536 ? size : 65536;
        struct chunk *chunk = must(calloc(1, sizeof(*chunk) + room));
        chunk->next = arena->chunks;
        arena->chunks = chunk;
        arena->next = (char *)chunk->bytes;
        arena->end = arena->next + room;
    }
    void *memory = arena->next;
    arena->next += size;
    return memory;
}

char *arena_copy(struct arena *arena, const char *text, size_t length)
{
    char *copy = arena_take(arena, length + 1);
    memcpy(copy, text, length);
    return copy;
}

char *arena_format(struct arena *arena, const char *format, ...)
{
    va_list values, again;
    va_start(values, format);
    va_copy(again, values);
    int length = vsnprintf(NULL, 0, format, values);
    va_end(values);
    char *text = arena_take(arena, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

void arena_free(struct arena *arena)
{
    for (struct chunk *next, *chunk = arena->chunks; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    *arena = (struct arena){0};
}

void *vec_grow(struct arena *arena, void *at, int count, int *room, size_t size)
{
    int wanted = *room ? *room * 2 : 8;
    void *larger = arena_take(arena, (size_t)wanted * size);
    if (count)
        memcpy(larger, at, (size_t)count * size);
    *room = wanted;
    return larger;
}

uint64_t hash_bytes(uint64_t start, const void *bytes, size_t length)
{
    uint64_t hash = start;
    for (const unsigned char *byte = bytes; length > 0; byte++, length--)
        hash = (hash ^ *byte) * 1099511628211u;
    return hash;
}

/* ---- interned strings --------------------------------------------------------------------------- */

struct name {
    struct name *next;
    uint64_t hash;
    size_t length;
    char text[];
};

#define SHARDS 64
static struct shard {
    pthread_mutex_t lock;
    struct name **heads;
    size_t room, count;
} shards[SHARDS];
static pthread_once_t shards_made = PTHREAD_ONCE_INIT;

static void make_shards(void)
{
    for (int i = 0; i < SHARDS; i++) {
        pthread_mutex_init(&shards[i].lock, NULL);
        shards[i].room = 256;
        shards[i].heads = must(calloc(256, sizeof(struct name *)));
    }
}

static void shard_grow(struct shard *shard)
{
    size_t room = shard->room * 4;
    struct name **heads = must(calloc(room, sizeof(struct name *)));
    for (size_t i = 0; i < shard->room; i++)
        for (struct name *next, *name = shard->heads[i]; name; name = next) {
            next = name->next;
            name->next = heads[name->hash % room];
            heads[name->hash % room] = name;
        }
    free(shard->heads);
    shard->heads = heads;
    shard->room = room;
}

static struct name *shard_find(struct shard *shard, uint64_t hash, const char *text, size_t length)
{
    struct name *name = shard->heads[hash % shard->room];
    while (name &&
           (name->hash != hash || name->length != length || memcmp(name->text, text, length) != 0))
        name = name->next;
    return name;
}

static struct name *shard_add(struct shard *shard, uint64_t hash, const char *text, size_t length)
{
    if (shard->count++ > shard->room * 2)
        shard_grow(shard);
    struct name *name = must(malloc(sizeof(*name) + length + 1));
    *name = (struct name){shard->heads[hash % shard->room], hash, length};
    memcpy(name->text, text, length);
    name->text[length] = '\0';
    shard->heads[hash % shard->room] = name;
    return name;
}

const char *intern(const char *text, size_t length)
{
    pthread_once(&shards_made, make_shards);
    uint64_t hash = hash_bytes(HASH_START, text, length);
    struct shard *shard = &shards[(hash >> 40) % SHARDS];
    pthread_mutex_lock(&shard->lock);
    struct name *name = shard_find(shard, hash, text, length);
    if (!name)
        name = shard_add(shard, hash, text, length);
    pthread_mutex_unlock(&shard->lock);
    return name->text;
}

const char *intern_string(const char *text)
{
    return intern(text, strlen(text));
}

bool word_in(const char *word, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(*list, word) == 0)
            return true;
    return false;
}

bool word_in_text(const char *word, const char *text)
{
    size_t length = strlen(word);
    for (const char *at = text; length > 0 && (at = strstr(at, word)); at += length)
        if ((at == text || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
            return true;
    return false;
}

/* ---- maps --------------------------------------------------------------------------------------- */

static struct map_entry *map_place(const struct map *map, const void *key)
{
    size_t i = (size_t)(((uintptr_t)key >> 3) * 0x9e3779b97f4a7c15u >> 17);
    for (;; i++) {
        struct map_entry *entry = &map->entries[i & (map->room - 1)];
        if (!entry->key || entry->key == key)
            return entry;
    }
}

void *map_get(const struct map *map, const void *key)
{
    return map->room ? map_place(map, key)->value : NULL;
}

void map_set(struct map *map, const void *key, const void *value)
{
    if (map->count * 2 >= map->room) {
        struct map larger = {NULL, map->room ? map->room * 2 : 64, map->count};
        larger.entries = must(calloc(larger.room, sizeof(*larger.entries)));
        for (size_t i = 0; i < map->room; i++)
            if (map->entries[i].key)
                *map_place(&larger, map->entries[i].key) = map->entries[i];
        free(map->entries);
        *map = larger;
    }
    struct map_entry *entry = map_place(map, key);
    map->count += !entry->key;
    *entry = (struct map_entry){key, (void *)(uintptr_t)value};
}

void map_free(struct map *map)
{
    free(map->entries);
    *map = (struct map){0};
}
