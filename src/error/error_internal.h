/*
 * The link by which a panic keeps the errors that it abandons, for the rooms above this one. How
 * errors are laid out is this room's own affair: tree.h.
 */
#ifndef LG_ERROR_INTERNAL_H
#define LG_ERROR_INTERNAL_H

#include <lifoguard/error.h>

/*
 * A list of errors, the newest first, which needs no memory: each allocated error has one link for
 * it. NULL is the empty list. What is on a list belongs to it; one list at a time for each error.
 */

/* Puts `error` on the list. False for NULL and for static errors: these have no link, and need not
 * be freed either. */
bool lgi_error_link(lg_error **list, lg_error *error);

/* Takes the newest off the list and returns it; NULL if the list is empty. */
lg_error *lgi_error_unlink(lg_error **list);

/* The one after `error` on its list, or NULL. */
const lg_error *lgi_error_linked(const lg_error *error);

#endif
