#include "error/share.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "error/keep_errno.h"
#include "error/ordering.h"
#include "error/tree.h"

struct lgi_shared_error {
    atomic_uint holders;
    const lg_error *error;
    const lg_error *also; /* what it counts as, too; or NULL */
    void (*release)(void *owner);
    void *owner;
};

static bool counts_as(const void *payload, const lg_error *target);

static void release(void *payload)
{
    lgi_shared_error_release(payload);
}

static const lg_error_kind kind = {.name = "shared", .free = release, .is = counts_as};

/* What `error` itself holds, whatever is below it. */
static const struct lgi_shared_error *held_by(const lg_error *error)
{
    const struct lgi_error_single *single = lgi_error_single(error);
    return single && single->kind == &kind ? single->payload : NULL;
}

static bool counts_as(const void *payload, const lg_error *target)
{
    const struct lgi_shared_error *shared = payload;
    return held_by(target) == shared || target == shared->also ||
           lg_error_is(shared->error, target);
}

static struct lgi_shared_error *make(const lg_error *error, const lg_error *also,
                                     void (*release_owner)(void *owner), void *owner)
{
    LGI_KEEP_ERRNO;
    struct lgi_shared_error *shared = malloc(sizeof(*shared));
    if (shared)
        *shared = (struct lgi_shared_error){
            .holders = 1, .error = error, .also = also, .release = release_owner, .owner = owner};
    return shared;
}

static void free_error(void *error)
{
    lg_error_free(error);
}

struct lgi_shared_error *lgi_error_share(lg_error *error)
{
    return make(error, NULL, free_error, error);
}

lg_error *lgi_error_borrow(const lg_error *error, const lg_error *also,
                           void (*release_owner)(void *), void *owner)
{
    struct lgi_shared_error *shared = make(error, also, release_owner, owner);
    if (!shared)
        return &lg_error_out_of_memory;
    lg_error *copy = lgi_shared_error_copy(shared);
    if (copy == &lg_error_out_of_memory)
        free(shared);
    else
        lgi_shared_error_release(shared);
    return copy;
}

lg_error *lgi_shared_error_copy(struct lgi_shared_error *shared)
{
    char *text = lg_error_text(shared->error);
    if (!text)
        return &lg_error_out_of_memory;
    atomic_fetch_add_explicit(&shared->holders, 1, memory_order_relaxed);
    lg_error *error = lgi_error_new_kind(lg_error_file(shared->error), lg_error_line(shared->error),
                                         &kind, shared, "%s", text);
    free(text);
    if (error != &lg_error_out_of_memory)
        error->lgi_errno = lg_error_errno(shared->error);
    return error;
}

const lg_error *lgi_shared_error_get(const struct lgi_shared_error *shared)
{
    return shared->error;
}

void lgi_shared_error_release(struct lgi_shared_error *shared)
{
    if (!shared)
        return;
    lgi_releases(&shared->holders);
    if (atomic_fetch_sub_explicit(&shared->holders, 1, memory_order_acq_rel) > 1)
        return;
    lgi_acquired(&shared->holders);
    shared->release(shared->owner);
    free(shared);
}

lg_error *lgi_error_split(lg_error **error, lg_error *otherwise)
{
    if (lgi_error_is_static(*error))
        return *error;
    struct lgi_shared_error *shared = lgi_error_share(*error);
    if (!shared)
        return otherwise;
    lg_error *one = lgi_shared_error_copy(shared), *two = lgi_shared_error_copy(shared);
    if (one != &lg_error_out_of_memory && two != &lg_error_out_of_memory) {
        *error = one;
        lgi_shared_error_release(shared);
        return two;
    }
    /* Neither is needed: the error stays with its owner. */
    lg_error_free(one);
    lg_error_free(two);
    free(shared);
    return otherwise;
}

const lg_error *lgi_error_shared(const lg_error *error)
{
    const struct lgi_shared_error *shared = held_by(error);
    return shared ? shared->error : NULL;
}
