/* A list of cleanups that any function can add to, run in reverse:
 *
 *     static lg_registry cleanups = LG_REGISTRY_INIT;
 *
 *     lg_error *serve(void)
 *     {
 *         lg_func (lg_error *, err) {
 *             lg_defer(lg_registry_close, &cleanups, &err);
 *             lg_return(open_database());   // … lg_registry_add(&cleanups, close_database, db) …
 *         }
 *     }
 *
 * It is for what outlives the block that acquired it; within a block, lg_defer and lg_scope do with
 * less. It is plain data: no deferred call, until somebody defers lg_registry_close.
 *
 * Threads: any may add, and run. A cleanup may add, too: what it adds is run next. Never copy or
 * move an lg_registry.
 */
#ifndef LIFOGUARD_REGISTRY_H
#define LIFOGUARD_REGISTRY_H

#include <pthread.h>
#include <stddef.h>

#include <lifoguard/error.h>

LG_BEGIN_DECLS

struct lgi_registered;

typedef struct lg_registry {
    pthread_mutex_t lgi_lock;
    struct lgi_registered *lgi_entries;
    size_t lgi_count;
    size_t lgi_capacity;
} lg_registry;

/* An initialiser: an empty registry. It holds memory only while there are cleanups in it. */
#define LG_REGISTRY_INIT {PTHREAD_MUTEX_INITIALIZER, 0, 0, 0}

/* The same for one that is not initialised where it is declared. */
LG_API void lg_registry_init(lg_registry *registry);

/* Registers cleanup(argument), or one that can fail. Out of memory: the cleanup is run at once, as
 * lg_registry_run would, and the error is returned, with the cleanup's own joined to it; so nothing
 * is lost, but what was to be released later is released already. */
LG_API lg_error *lg_registry_add(lg_registry *registry, void (*cleanup)(void *argument),
                                 void *argument) __attribute__((__warn_unused_result__));
LG_API lg_error *lg_registry_add_failing(lg_registry *registry,
                                         lg_error *(*cleanup)(void *argument), void *argument)
    __attribute__((__warn_unused_result__));

/* How many cleanups are in it. */
LG_API size_t lg_registry_count(lg_registry *registry);

/* Runs all, the last one added first, and returns their errors, joined in the order in which they
 * happened. A cleanup that panics does not keep the others from running: its panic becomes an
 * error. (Nor does one that ends the thread; the thread then ends after the others.) The registry
 * is empty then, and can be used again. */
LG_API lg_error *lg_registry_run(lg_registry *registry) __attribute__((__warn_unused_result__));

/* The form for lg_defer: lg_registry_run, with the errors joined to *result, after what is there,
 * or dropped if result is NULL. Does nothing for a NULL registry. */
LG_API void lg_registry_close(lg_registry *registry, lg_error **result);

LG_END_DECLS

#endif
