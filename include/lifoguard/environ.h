/* Changing an environment variable for a while.
 *
 *     lg_env_saved saved;
 *     err = lg_env_set("DEBUG", "1", &saved);
 *     if (err)
 *         lg_return(err);
 *     lg_defer(lg_env_restore, &saved, &err);
 *
 * The environment belongs to the whole process, and C has no lock for it: no other thread may read
 * or change it meanwhile (getenv, setenv, and what calls them).
 */
#ifndef LIFOGUARD_ENVIRON_H
#define LIFOGUARD_ENVIRON_H

#include <lifoguard/error.h>

LG_BEGIN_DECLS

typedef struct lg_env_saved {
    char *lgi_name;  /* NULL: nothing to restore */
    char *lgi_value; /* in the same block; NULL: it was not set */
} lg_env_saved;

/* Remembers in *saved what the variable is, or that it is not set, then sets it to `value` (a NULL
 * value unsets it). On failure (out of memory, an empty name, one with '=') nothing was
 * changed and *saved has nothing to restore. */
LG_API lg_error *lg_env_set(const char *name, const char *value, lg_env_saved *saved)
    __attribute__((__warn_unused_result__));

/* Sets or unsets the variable as it was, and frees what was remembered; does nothing if there is
 * nothing to restore (a second time, or { 0 }) or for NULL. Setting can fail for want of memory:
 * the error is joined to *result, or dropped if that is NULL. Keeps errno. */
LG_API void lg_env_restore(lg_env_saved *saved, lg_error **result);

LG_END_DECLS

#endif
