/* A cache that is locked for as long as it is looked at, but not while something slow is loaded into it. The
 * unlock is deferred once, for all ways out; the block around the slow part is left with the mutex
 * locked again, by an error or a panic too. Others may have been there in the meantime: so one looks
 * again. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lifoguard/lifoguard.h>

struct item {
    struct item *next;
    const char *key;
    char *value;
};

struct cache {
    lg_mutex mutex;
    struct item *items;
};

static void cache_clear(struct cache *cache)
{
    while (cache->items) {
        struct item *item = cache->items;
        cache->items = item->next;
        free(item->value);
        free(item);
    }
}

static struct item *find(const struct cache *cache, const char *key)
{
    struct item *item = cache->items;
    while (item && strcmp(item->key, key) != 0)
        item = item->next;
    return item;
}

static struct item *insert(struct cache *cache, const char *key, char *value)
{
    struct item *item = malloc(sizeof(*item));
    if (item) {
        item->next = cache->items;
        item->key = key;
        item->value = value;
        cache->items = item;
    }
    return item;
}

/* *value is the cache's. */
static lg_error *get_or_load(struct cache *cache, const char *key,
                             lg_error *(*load)(const char *key, char **value), const char **value)
{
    lg_func (lg_error *, err) {
        char *loaded = NULL;
        lg_defer_block {
            free(loaded);
        }
        lg_mutex_lock(&cache->mutex);
        lg_defer(lg_mutex_unlock, &cache->mutex);

        struct item *item = find(cache, key);
        if (!item) {
            {
                lg_mutex_scoped_unlock(&cache->mutex);
                err = load(key, &loaded);
            }
            if (err)
                lg_return(err);
            item = find(cache, key);
        }
        if (!item) {
            item = insert(cache, key, loaded);
            if (!item)
                lg_return(lg_error_new_errno("cache %s", key));
            loaded = NULL; // it is the cache's now
        }
        *value = item->value;
        lg_return(NULL);
    }
}

static lg_error *load_slowly(const char *key, char **value)
{
    *value = strdup("v1");
    return *value ? NULL : lg_error_new_errno("load %s", key);
}

int main(void)
{
    struct cache cache = {0};
    lg_defer(cache_clear, &cache);
    const char *value = NULL;
    lg_error *err = get_or_load(&cache, "k", load_slowly, &value);
    lg_defer(lg_error_free, err);
    if (err) {
        lg_error_print(err, stderr);
        return 1;
    }
    puts(value);
    return 0;
}
