/* What a file declares outside of functions that the checker wants to know. */
#ifndef VET_DECLARED_H
#define VET_DECLARED_H

#include "parse.h"

struct declared_pair {
    const char *name, *function;
};

struct declared {
    VEC(const char *) types;
    VEC(struct declared_pair) cleanups;
    VEC(struct declared_pair) deallocators;
    prototype_vec prototypes;
};

void declared_read(struct arena *arena, const struct lexed *lexed, struct declared *declared);
void declared_add(struct unit *unit, const struct declared *declared);

#endif
