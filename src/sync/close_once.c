/* A close that happens once. */
#include <lifoguard/once.h>

#include "error/ordering.h"
#include "error/share.h"
#include "sync/once.h"

static LG_ERROR_DEFINE(unfinished,
                       "the function of the close panicked, or ended its goroutine or thread");

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

/* The first call. */
struct first {
    lg_close_once *once;
    lg_error *error; /* what its caller is given */
    bool made;
};

static void close_first(struct first *first)
{
    lg_close_once *once = first->once;
    once->lgi_static = &unfinished; /* until the close has returned */
    first->error = keep(once, once->lgi_close(once->lgi_object));
    first->made = true;
}

lg_error *lg_close_once_now(lg_close_once *once)
{
    struct first first = {.once = once};
    if (lgi_once_is_mine(&once->lgi_once))
        return lg_error_new(
            "the function of a close closes the same object: the call would wait for itself");
    lg_once_do(&once->lgi_once, close_first, &first);
    lgi_acquired(&once->lgi_once.lgi_word);
    return first.made ? first.error : give(once);
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
    if (!lg_once_is_done(&once->lgi_once))
        return NULL;
    lgi_acquired(&once->lgi_once.lgi_word);
    return once->lgi_result ? lgi_shared_error_get(once->lgi_result) : once->lgi_static;
}

/* A panic of the close passes here. */
static void release(lg_close_once *once)
{
    lgi_shared_error_release(once->lgi_result);
    once->lgi_result = NULL;
    once->lgi_static = &unfinished;
}

void lg_close_once_close(lg_close_once *once, lg_error **result)
{
    if (!once)
        return;
    lg_defer(release, once);
    lg_close_once_into(once, result);
}
