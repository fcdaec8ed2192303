/* A close that happens once: the first call closes, and every later call returns the result of the first.
 *
 *     lg_close_once once = LG_CLOSE_ONCE_INIT(hang_up, line);
 *     lg_defer(lg_close_once_close, &once, &err);
 *     ...
 *     err = lg_close_once_now(&once);      // closes early; the deferred call then only frees the result
 *
 * Threads: any number of goroutines and threads may close at the same time. One of them calls the close function; the
 * others wait, and get the same result. The close function may wait as a goroutine. Never copy or move an lg_close_once.
 *
 * Ownership: the lg_close_once keeps the result until lg_close_once_close. Every caller, also the first, gets an
 * error of its own and owns this error. The caller's error has the text, the place and the first errno value of the
 * kept error. lg_error_is finds in the caller's error what it finds in the kept error, and regards all errors of one
 * close as the same error. The causes and payloads can be read only from the kept error (lg_close_once_result).
 *
 * Out of memory: if no memory is left when the close fails, the first caller gets the error of the close itself, and
 * later callers get &lg_error_out_of_memory.
 */
#ifndef LIFOGUARD_CLOSE_ONCE_H
#define LIFOGUARD_CLOSE_ONCE_H

#include <lifoguard/error.h>
#include <lifoguard/once.h>

LG_BEGIN_DECLS

typedef struct lg_close_once {
    lg_error *(*lgi_close)(void *object);
    void *lgi_object;
    lg_once lgi_once;                    /* the call of lgi_close */
    lg_error *lgi_static;                /* the result, if it is a static error */
    struct lgi_shared_error *lgi_result; /* the result, if it is another one */
} lg_close_once;

/* An initialiser. The close function is called as close(object) and has the type `lg_error *(*)(void *)`. */
#define LG_CLOSE_ONCE_INIT(close, object) {(close), (object), LG_ONCE_INIT, 0, 0}

/* Initialises an lg_close_once that was not initialised by LG_CLOSE_ONCE_INIT. */
LG_API void lg_close_once_init(lg_close_once *once, lg_error *(*close)(void *object), void *object);

/* Closes if no call has closed yet, and returns the result of the close; NULL: the close succeeded. If the close
 * function panics, the panic propagates to the caller, the object counts as closed, and later calls return an error that
 * says so. If the close function calls lg_close_once_now for its own lg_close_once, the inner call returns an error,
 * because it would wait for itself. */
LG_API lg_error *lg_close_once_now(lg_close_once *once) __attribute__((__warn_unused_result__));

/* Like lg_close_once_now; joins the result of the close to *result, after the errors that *result already holds.
 * Does not join the result if *result already holds an error of the same close. A NULL `result` discards the error. */
LG_API void lg_close_once_into(lg_close_once *once, lg_error **result);

/* The kept result; NULL if the close has succeeded or has not ended yet. The error belongs to `once`, and lives until
 * lg_close_once_close. */
LG_API const lg_error *lg_close_once_result(lg_close_once *once);

/* Does what lg_close_once_into does, and then frees the kept result. Call lg_close_once_close last, when no other goroutine
 * uses the lg_close_once any more. Initialise the lg_close_once before using it again. Does nothing for NULL. */
LG_API void lg_close_once_close(lg_close_once *once, lg_error **result);

LG_END_DECLS

#endif
