/* What the functions of a file say about each other: what they do with their arguments, and which function releases
 * what another one returns. */
#ifndef VET_KNOWLEDGE_H
#define VET_KNOWLEDGE_H

#include "engine.h"

struct knowledge {
    struct unit *unit;
    VEC(struct ir) irs;
    struct map by_name;  /* function to its ir */
    struct map effects;  /* "function\nargument" to enum effect + 1 */
    struct map releases; /* function to struct learned_list */
    int depth;
};

void knowledge_gather(struct knowledge *knowledge, struct unit *unit);
enum effect knowledge_effect(struct knowledge *knowledge, const char *function, int argument);
/* The function that at least two others use to release what `acquire` returns; NULL: not known. */
const char *knowledge_release(const struct knowledge *knowledge, const char *acquire);
/* Is it a function of this file that unlocks something, and locks nothing? */
bool knowledge_unlocks(const struct knowledge *knowledge, const char *function);
void knowledge_free(struct knowledge *knowledge);

#endif
