/* A registry of cleanups: any function can add a cleanup, and all of them run in reverse order.
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
 * Use a registry for resources that outlive the block that acquired them; within a block, lg_defer and lg_scope
 * (defer.h) cost less. A registry runs nothing by itself: defer lg_registry_close, or call lg_registry_run.
 *
 * Threads: any thread may add cleanups and run them, also at the same time; each cleanup runs once, on a thread that
 * called lg_registry_run or lg_registry_close. A cleanup may add another cleanup, which then runs next. No call here
 * waits for a cleanup that another thread is running. Never copy or move an lg_registry.
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

/* An initialiser: an empty registry. A registry holds memory only while it holds cleanups. */
#define LG_REGISTRY_INIT {PTHREAD_MUTEX_INITIALIZER, 0, 0, 0}

/* Initialises a registry that was not initialised by LG_REGISTRY_INIT. */
LG_API void lg_registry_init(lg_registry *registry);

/* Adds the call cleanup(argument). lg_registry_add_failing takes a cleanup that returns an error, NULL for success. The
 * registry owns neither of the two pointers. Out of memory: the cleanup runs at once, as in lg_registry_run, and the
 * result is &lg_error_out_of_memory joined with the error of the cleanup. So no cleanup is lost, but the resource has
 * already been released when the call returns an error. */
LG_API lg_error *lg_registry_add(lg_registry *registry, void (*cleanup)(void *argument),
                                 void *argument) __attribute__((__warn_unused_result__));
LG_API lg_error *lg_registry_add_failing(lg_registry *registry,
                                         lg_error *(*cleanup)(void *argument), void *argument)
    __attribute__((__warn_unused_result__));

/* The number of cleanups in the registry. A snapshot: the number may already have changed when this returns. */
LG_API size_t lg_registry_count(lg_registry *registry);

/* Runs all cleanups, the last one added first, and returns their errors, joined in the order in which the errors
 * happened; NULL: no cleanup failed. A panic in a cleanup becomes an error, and the other cleanups still run. If a
 * cleanup ends its thread (lg_goexit, pthread_exit), the other cleanups run first. Afterwards the registry is empty and
 * can be used again. */
LG_API lg_error *lg_registry_run(lg_registry *registry) __attribute__((__warn_unused_result__));

/* Runs all cleanups like lg_registry_run, and joins the errors to *result, after the errors that *result already holds.
 * A NULL `result` discards the errors. Suits lg_defer. Does nothing for a NULL registry. */
LG_API void lg_registry_close(lg_registry *registry, lg_error **result);

LG_END_DECLS

#endif
