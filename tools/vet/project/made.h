/* What callers do with what a function makes. */
#ifndef VET_MADE_H
#define VET_MADE_H

#include "ir.h"
#include "summary.h"

/* Adds what this function does with the results that its local variables get: `made` is function to struct made_use. */
void made_learn(struct map *made, struct arena *arena, const struct ir *ir);
/* The name under which is counted what `function` gives at an address: make(&object). */
const char *made_by_address(const char *function);
/* Enough callers that neither release it nor hand it on, and hardly one that releases it: an arena or a pool has it. */
bool made_is_lent(struct made_use use);
/* A third or more of the callers do not: what else than an owner has it, only its project knows. */
bool made_is_doubtful(struct made_use use);

#endif
