/* A close that happens once: every later one does nothing, and gives the first one's result.
 *
 *     lg_close_once once = LG_CLOSE_ONCE_INIT(hang_up, line);
 *     lg_defer(lg_close_once_close, &once, &err);
 *     ...
 *     err = lg_close_once_now(&once);      // early; the deferred one then has nothing to do
 *
 * Threads: any number may close at once. One makes the call, the others wait for it and get its
 * result. Never copy or move an lg_close_once.
 *
 * Who owns what: the result is kept with the lg_close_once until lg_close_once_close, and every
 * caller, the first one too, is given an error of its own, to free, return or join as any other. It
 * has the same text, place and (first) errno value; lg_error_is finds in it what it finds in the
 * kept one, and takes all errors of one close for the same. What only the kept one can show
 * (causes, payloads) is seen through lg_close_once_result. Out of memory: if it is short when the
 * close fails, the first caller is given the error itself, and later ones lg_error_out_of_memory.
 */
#ifndef LIFOGUARD_CLOSE_ONCE_H
#define LIFOGUARD_CLOSE_ONCE_H

#include <pthread.h>

#include <lifoguard/error.h>

LG_BEGIN_DECLS

typedef struct lg_close_once {
    lg_error *(*lgi_close)(void *object);
    void *lgi_object;
    pthread_mutex_t lgi_lock;
    pthread_cond_t lgi_closed;
    pthread_t lgi_closer;
    int lgi_state;
    lg_error *lgi_static;                /* the result, if it is a static error */
    struct lgi_shared_error *lgi_result; /* the result, if it is another one */
} lg_close_once;

/* An initialiser: the close is close(object), with close of type `lg_error *(*)(void *)`. */
#define LG_CLOSE_ONCE_INIT(close, object)                                                          \
    {(close), (object), PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, 0, 0}

/* The same for one that is not initialised where it is declared. */
LG_API void lg_close_once_init(lg_close_once *once, lg_error *(*close)(void *object), void *object);

/* Closes, if that was not done yet; returns the result of the close that was made. A panic of it
 * goes on, and it counts as made: later results are an error that says so. From within the close
 * itself: an error (waiting would be for ever). */
LG_API lg_error *lg_close_once_now(lg_close_once *once) __attribute__((__warn_unused_result__));

/* The same, and the result is joined to *result, after what is there; but not a second time, if it
 * is there already. result NULL: it is dropped. */
LG_API void lg_close_once_into(lg_close_once *once, lg_error **result);

/* The kept result, or NULL if there was no failure (yet). Belongs to `once`. */
LG_API const lg_error *lg_close_once_result(lg_close_once *once);

/* lg_close_once_into, then frees the kept result. To be called when nobody else uses it any more;
 * afterwards it must be initialised anew to be used. Does nothing for NULL. */
LG_API void lg_close_once_close(lg_close_once *once, lg_error **result);

LG_END_DECLS

#endif
