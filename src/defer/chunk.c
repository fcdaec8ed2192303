/* The chunks of scopes: taken from the allocator and given back, but for one that each thread keeps.
 *
 * The first chunk of a scope is of a size that the C library's allocator keeps ready for each thread (glibc: up to 1032 bytes); taking and
 * giving back a larger piece takes as long as twenty deferred calls. So a thread keeps one chunk of the next size, 4 KB, when a scope is
 * left, and gives it to the next scope that needs one. The chunk is the value of a thread-specific key whose destructor is the C library's
 * free, so the end of a thread needs no code of this library, which may have been unloaded by then. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "defer/scope.h"

enum { SMALL_CHUNK = 20, KEPT_CHUNK = 84, GROWTH = 4, LARGEST_CHUNK = 4096 };
_Static_assert(sizeof(struct lgi_chunk) + SMALL_CHUNK * sizeof(struct lg_deferred) <= 1032,
               "a small chunk is kept ready by the allocator");

extern void __asan_handle_no_return(void) __attribute__((weak));

static pthread_key_t key;
static atomic_bool has_key;

static void make_key(void)
{
    atomic_store(&has_key, pthread_key_create(&key, free) == 0);
}

/* A plugin that has the static library in it may be loaded and unloaded often. */
__attribute__((destructor)) static void delete_key(void)
{
    if (!atomic_exchange(&has_key, false))
        return;
    free(pthread_getspecific(key));
    pthread_setspecific(key, NULL);
    pthread_key_delete(key);
}

/* NULL: the thread keeps none. */
static struct lgi_chunk *take_kept(void)
{
    struct lgi_chunk *chunk = NULL;
    if (atomic_load_explicit(&has_key, memory_order_acquire))
        chunk = pthread_getspecific(key);
    if (chunk)
        pthread_setspecific(key, NULL);
    return chunk;
}

/* False: the chunk is to be freed. Always with AddressSanitizer, which then sees whether a handle to a call is used too late. */
static bool keep(struct lgi_chunk *chunk)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (__asan_handle_no_return)
        return false;
    pthread_once(&once, make_key);
    return atomic_load_explicit(&has_key, memory_order_acquire) && !pthread_getspecific(key) &&
           pthread_setspecific(key, chunk) == 0;
}

static size_t capacity_above(const struct lgi_chunk *below)
{
    if (!below)
        return SMALL_CHUNK;
    if (below->capacity < KEPT_CHUNK)
        return KEPT_CHUNK;
    return below->capacity < LARGEST_CHUNK / GROWTH ? below->capacity * GROWTH : LARGEST_CHUNK;
}

static struct lgi_chunk *allocate(size_t capacity)
{
    return malloc(sizeof(struct lgi_chunk) + capacity * sizeof(struct lg_deferred));
}

/* Not inline: who counts blocks by the place of their allocation (tests/torture) tells what a thread keeps from what is lost. */
static __attribute__((noinline)) struct lgi_chunk *take_kept_or_allocate(void)
{
    struct lgi_chunk *chunk = take_kept();
    return chunk ? chunk : allocate(KEPT_CHUNK);
}

struct lgi_chunk *lgi_chunk_new(struct lgi_chunk *below)
{
    size_t capacity = capacity_above(below);
    struct lgi_chunk *chunk = capacity == KEPT_CHUNK ? take_kept_or_allocate() : allocate(capacity);
    if (chunk) {
        chunk->below = below;
        chunk->above = NULL;
        chunk->capacity = capacity;
    }
    return chunk;
}

void lgi_chunk_free(struct lgi_chunk *chunk)
{
    if (chunk->capacity != KEPT_CHUNK || !keep(chunk))
        free(chunk);
}
