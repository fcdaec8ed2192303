/* Errors with several owners. An lg_error has one owner. If several owners need the same failure, each gets an error of its own
 * that stands for the shared error: this error has the text, the place and the first errno value of the shared error, and
 * lg_error_is, lg_error_find and lg_error_as look into the shared error. All errors that stand for the same shared error
 * count as equal. */
#ifndef LG_ERROR_SHARE_H
#define LG_ERROR_SHARE_H

#include <lifoguard/error.h>

struct lgi_shared_error;

/* Takes `error`, which is neither NULL nor static. The caller is its first holder. NULL: out of memory, and `error` is
 * still the caller's. */
struct lgi_shared_error *lgi_error_share(lg_error *error);

/* An error that stands for it, and holds it. &lg_error_out_of_memory if there is no memory. */
lg_error *lgi_shared_error_copy(struct lgi_shared_error *shared)
    __attribute__((__warn_unused_result__));

/* What is shared. It belongs to the holders. */
const lg_error *lgi_shared_error_get(const struct lgi_shared_error *shared);

/* Gives up what the caller holds. NULL: does nothing. */
void lgi_shared_error_release(struct lgi_shared_error *shared);

/* Makes two of one: *error and what is returned stand for the same failure, and each has its owner. A static error is
 * returned as it is. Out of memory: returns `otherwise`, a static error. */
lg_error *lgi_error_split(lg_error **error, lg_error *otherwise)
    __attribute__((__warn_unused_result__));

/* An error that stands for one which somebody else owns, and which lives until release(owner) is called. It also counts as
 * `also`, a static error. Out of memory: &lg_error_out_of_memory, and release has not been called. */
lg_error *lgi_error_borrow(const lg_error *error, const lg_error *also,
                           void (*release)(void *owner), void *owner)
    __attribute__((__warn_unused_result__));

/* The error that `error` stands for; NULL: it stands for itself. */
const lg_error *lgi_error_shared(const lg_error *error);

#endif
