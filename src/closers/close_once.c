/* A close that happens once. */
#define _GNU_SOURCE
#include <lifoguard/close.h>
#include <lifoguard/close_once.h>

#include <stdbool.h>
#include <stdlib.h>

#include "error/share.h"

enum { NOT_CLOSED, CLOSING, CLOSED };

static LG_ERROR_DEFINE(unfinished, "the close was left by a panic, or with its thread");

/* The kept result, for one caller. */
static lg_error *give(lg_close_once *once)
{
    return once->lgi_result ? lgi_shared_error_copy(once->lgi_result) : once->lgi_static;
}

/* Keeps what the close returned; returns what its caller is given. */
static lg_error *keep(lg_close_once *once, lg_error *error)
{
    once->lgi_static = error;
    if (!error || error->lgi_form == 0)
        return error;
    once->lgi_result = lgi_error_share(error);
    if (!once->lgi_result) {
        once->lgi_static = &lg_error_out_of_memory;
        return error;
    }
    return lgi_shared_error_copy(once->lgi_result);
}

/* ---- closing ---- */

void lg_close_once_init(lg_close_once *once, lg_error *(*close)(void *object), void *object)
{
    *once = (lg_close_once)LG_CLOSE_ONCE_INIT(close, object);
}

/* True if the caller is to close; then settle must follow. */
static bool begin(lg_close_once *once, bool *from_within)
{
    pthread_mutex_lock(&once->lgi_lock);
    /* Waiting is a cancellation point. */
    lg_defer(pthread_mutex_unlock, &once->lgi_lock);
    *from_within = once->lgi_state == CLOSING && pthread_equal(once->lgi_closer, pthread_self());
    if (*from_within)
        return false;
    while (once->lgi_state == CLOSING)
        pthread_cond_wait(&once->lgi_closed, &once->lgi_lock);
    if (once->lgi_state == CLOSED)
        return false;
    once->lgi_state = CLOSING;
    once->lgi_closer = pthread_self();
    once->lgi_static = &unfinished;
    return true;
}

static void settle(lg_close_once *once)
{
    pthread_mutex_lock(&once->lgi_lock);
    once->lgi_state = CLOSED;
    pthread_cond_broadcast(&once->lgi_closed);
    pthread_mutex_unlock(&once->lgi_lock);
}

lg_error *lg_close_once_now(lg_close_once *once)
{
    lg_func (lg_error *, err) {
        bool from_within;
        if (begin(once, &from_within)) {
            lg_defer(settle, once);
            lg_return(keep(once, once->lgi_close(once->lgi_object)));
        }
        if (from_within)
            lg_return(lg_error_new("a close that closes itself"));
        lg_return(give(once));
    }
}

void lg_close_once_into(lg_close_once *once, lg_error **result)
{
    lg_error *error = lg_close_once_now(once);
    if (error && result && lg_error_is(*result, error))
        lg_error_free(error);
    else
        lg_error_join_into(result, error);
}

const lg_error *lg_close_once_result(lg_close_once *once)
{
    pthread_mutex_lock(&once->lgi_lock);
    const lg_error *error = NULL;
    if (once->lgi_state == CLOSED)
        error = once->lgi_result ? lgi_shared_error_get(once->lgi_result) : once->lgi_static;
    pthread_mutex_unlock(&once->lgi_lock);
    return error;
}

/* A panic of the close passes here. */
static void release(lg_close_once *once)
{
    lgi_shared_error_release(once->lgi_result);
    once->lgi_result = NULL;
    once->lgi_static = &unfinished;
    pthread_cond_destroy(&once->lgi_closed);
    pthread_mutex_destroy(&once->lgi_lock);
}

void lg_close_once_close(lg_close_once *once, lg_error **result)
{
    if (!once)
        return;
    lg_defer(release, once);
    lg_close_once_into(once, result);
}
