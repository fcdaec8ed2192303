/* A list of cleanups, run in reverse. */
#include <lifoguard/close.h>
#include <lifoguard/registry.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "error/keep_errno.h"

struct lgi_registered {
    void (*plain)(void *argument);
    lg_error *(*failing)(void *argument); /* one of the two */
    void *argument;
};

void lg_registry_init(lg_registry *registry)
{
    *registry = (lg_registry)LG_REGISTRY_INIT;
}

/* ---- running ---- */

static void call(const struct lgi_registered *entry, lg_error **result)
{
    if (entry->failing)
        lg_error_join_into(result, entry->failing(entry->argument));
    else
        entry->plain(entry->argument);
}

/* A panic becomes an error. */
static lg_error *run_entry(const struct lgi_registered *entry)
{
    lg_func (lg_error *, err) {
        lg_defer_contained(call, entry, &err);
        lg_return(NULL);
    }
}

static bool take_last(lg_registry *registry, struct lgi_registered *entry)
{
    pthread_mutex_lock(&registry->lgi_lock);
    bool found = registry->lgi_count > 0;
    if (found) {
        *entry = registry->lgi_entries[--registry->lgi_count];
    } else {
        free(registry->lgi_entries);
        registry->lgi_entries = NULL;
        registry->lgi_capacity = 0;
    }
    pthread_mutex_unlock(&registry->lgi_lock);
    return found;
}

/* Deferred once more by itself, so that the rest is run too if a cleanup ends the thread. */
static void run_all(lg_registry *registry, lg_error **result)
{
    struct lgi_registered entry;
    while (take_last(registry, &entry)) {
        lg_defer_as(rest, run_all, registry, result);
        lg_error_join_into(result, run_entry(&entry));
        lg_deferred_dismiss(rest);
    }
}

lg_error *lg_registry_run(lg_registry *registry)
{
    lg_func (lg_error *, err) {
        run_all(registry, &err);
        lg_return(err);
    }
}

static void free_error(lg_error **error)
{
    lg_error_free(*error);
}

void lg_registry_close(lg_registry *registry, lg_error **result)
{
    if (!registry)
        return;
    LGI_KEEP_ERRNO;
    lg_error *dropped = NULL;
    {
        lg_defer(free_error, &dropped);
        run_all(registry, result ? result : &dropped);
    }
}

size_t lg_registry_count(lg_registry *registry)
{
    pthread_mutex_lock(&registry->lgi_lock);
    size_t count = registry->lgi_count;
    pthread_mutex_unlock(&registry->lgi_lock);
    return count;
}

/* ---- adding ---- */

static bool append(lg_registry *registry, struct lgi_registered entry)
{
    pthread_mutex_lock(&registry->lgi_lock);
    if (registry->lgi_count == registry->lgi_capacity) {
        size_t capacity = registry->lgi_capacity ? registry->lgi_capacity * 2 : 8;
        struct lgi_registered *entries = NULL;
        if (capacity <= SIZE_MAX / sizeof(*entries))
            entries = realloc(registry->lgi_entries, capacity * sizeof(*entries));
        if (entries) {
            registry->lgi_entries = entries;
            registry->lgi_capacity = capacity;
        }
    }
    bool fits = registry->lgi_count < registry->lgi_capacity;
    if (fits)
        registry->lgi_entries[registry->lgi_count++] = entry;
    pthread_mutex_unlock(&registry->lgi_lock);
    return fits;
}

static lg_error *add(lg_registry *registry, struct lgi_registered entry)
{
    if (append(registry, entry))
        return NULL;
    return lg_error_join(lg_error_wrap(&lg_error_out_of_memory, "register a cleanup"),
                         run_entry(&entry));
}

lg_error *lg_registry_add(lg_registry *registry, void (*cleanup)(void *argument), void *argument)
{
    return add(registry, (struct lgi_registered){.plain = cleanup, .argument = argument});
}

lg_error *lg_registry_add_failing(lg_registry *registry, lg_error *(*cleanup)(void *argument),
                                  void *argument)
{
    return add(registry, (struct lgi_registered){.failing = cleanup, .argument = argument});
}
