/* What the declared type of a function or a variable says about errors. */
#ifndef VET_TYPE_H
#define VET_TYPE_H

#include "ast.h"

/* lg_error *save(…): one star, and the last word of the type is `name`. */
bool type_points_to(const struct type *type, const char *name);
/* Both have one star, and the same last word. */
bool type_points_alike(const struct type *a, const struct type *b); /* either may be NULL */
/* Is it, or does it point to, something that is called an error? */
bool type_is_error(const struct type *type);
/* lg_error *save(…), GError *save(…), struct foo_error *save(…): a null pointer says that all went well. */
bool type_gives_error(const struct type *type);

#endif
