/* Memory, growing arrays and interned strings of the checker.
 *
 * Each file is checked with an arena of its own, which is freed as a whole. Names are interned: two equal names are the
 * same pointer, in all threads. */
#ifndef VET_BASE_H
#define VET_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena {
    struct chunk *chunks;
    char *next, *end;
};

void *arena_take(struct arena *arena, size_t size); /* zeroed; never NULL */
char *arena_copy(struct arena *arena, const char *text, size_t length);
__attribute__((format(printf, 2, 3))) char *arena_format(struct arena *arena, const char *format,
                                                         ...);
void arena_free(struct arena *arena);

#define NEW(arena, T) ((T *)arena_take((arena), sizeof(T)))

/* VEC(T) is an array that grows in an arena. ADD returns the address of a new, zeroed element. */
#define VEC(T)                                                                                     \
    struct {                                                                                       \
        T *at;                                                                                     \
        int count, room;                                                                           \
    }
void *vec_grow(struct arena *arena, void *at, int count, int *room, size_t size);
#define ADD(arena, vec)                                                                            \
    ((vec)->count == (vec)->room ? (void)((vec)->at = vec_grow((arena), (vec)->at, (vec)->count,   \
                                                               &(vec)->room, sizeof(*(vec)->at)))  \
                                 : (void)0,                                                        \
     &(vec)->at[(vec)->count++])
#define EACH(p, vec)                                                                               \
    for (__typeof__((vec)->at + 0) p = (vec)->at; p < (vec)->at + (vec)->count; p++)

const char *intern(const char *text, size_t length);
const char *intern_string(const char *text);

bool word_in(const char *word, const char *const *list);
/* Is it one of the words of a text, which spaces separate? */
bool word_in_text(const char *word, const char *text);

/* A hash table from interned names (or any pointers) to pointers. */
struct map {
    struct map_entry {
        const void *key;
        void *value;
    } *entries;
    size_t room, count;
};
void *map_get(const struct map *map, const void *key);
void map_set(struct map *map, const void *key, const void *value); /* entries are malloc'ed */
void map_free(struct map *map);

uint64_t hash_bytes(uint64_t start, const void *bytes, size_t length);
#define HASH_START 1469598103934665603u

#endif
