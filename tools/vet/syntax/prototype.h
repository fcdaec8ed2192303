/* What headers and the file itself say of functions: the types of results and parameters. */
#ifndef VET_PROTOTYPE_H
#define VET_PROTOTYPE_H

#include "lex.h"

struct prototype_type {
    const char
        *name; /* the last word of the type: `foo` of `const struct foo *`; NULL: not understood */
    short stars;
    bool is_const; /* what it points to, or itself, cannot be changed */
};

struct prototype {
    const char *name;
    const char *header; /* that declares it; NULL: the file itself */
    struct prototype_type result;
    VEC(struct prototype_type) parameters;
    bool releases; /* by its name */
};

/* Functions of this file's or header's tokens. */
typedef VEC(struct prototype) prototype_vec;
void prototypes_read(struct arena *arena, const struct lexed *lexed, prototype_vec *prototypes);

struct unit;
const struct prototype *prototype_of(const struct unit *unit, const char *function);
/* Does the function only read what this argument points to? `keeps`: its name says that it keeps something. */
bool prototype_reads_only(const struct unit *unit, const char *function, int argument, bool keeps);
/* Does it return a pointer to something that its caller must not change, hence not release? */
bool prototype_lends(const struct unit *unit, const char *function);
/* The function that by its name and parameter releases what `acquire` makes: as a result (argument -1) or at an address
 * that it is passed. NULL: none, or more than one. */
const char *prototype_release(const struct unit *unit, const char *acquire, int argument);
/* Do the names differ in their verbs only: foo_new, foo_free? */
bool names_share_stem(const char *acquire, const char *release);
/* Do both names begin with the same words, as functions of one library or one type do? */
bool names_are_family(const char *a, const char *b);

#endif
