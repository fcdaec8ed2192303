/* What the functions of a file say about each other: what they do with their arguments, and which function releases
 * what another one returns. */
#ifndef VET_KNOWLEDGE_H
#define VET_KNOWLEDGE_H

#include "engine.h"

struct knowledge {
    struct unit *unit;
    VEC(struct ir) irs;
    struct map by_name;              /* function to its ir */
    struct map effects;              /* "function\nargument" to enum effect + 1 */
    struct map releases;             /* function to struct learned_list */
    struct map passed;               /* function to struct passed */
    VEC(const char *) used_releases; /* names of functions that this file releases things with */
    int depth;
};

void knowledge_gather(struct knowledge *knowledge, struct unit *unit);
enum effect knowledge_effect(struct knowledge *knowledge, const char *function, int argument);
/* The function that at least two others use to release what `acquire` returns; NULL: not known. */
const char *knowledge_release(const struct knowledge *knowledge, const char *acquire);
/* The function of the same family that this file uses to release things: foo_new, foo_free. NULL: none. */
const char *knowledge_release_by_name(const struct knowledge *knowledge, const char *acquire);
/* In how many functions of this file is what `acquire` makes released by this function? */
int knowledge_releases_of(const struct knowledge *knowledge, const char *acquire,
                          const char *release);
bool knowledge_uses_release(const struct knowledge *knowledge, const char *release);
/* Is what is passed to this function mostly released afterwards by the callers in this file? */
bool knowledge_innocent(const struct knowledge *knowledge, const char *function);
/* Does this only empty what `acquire` makes, before another function releases it? */
bool knowledge_empties(const struct knowledge *knowledge, const char *acquire, const char *release);
/* Is it a function of this file that nowhere sets `*parameter` to a null value, so that it stays as it was on failure? */
bool knowledge_leaves_alone(const struct knowledge *knowledge, const char *function, int argument);
/* Is it a function of this file that unlocks something that it has not locked? */
bool knowledge_unlocks(const struct knowledge *knowledge, const char *function);
/* Is it a function of this file whose ways all end the process? */
bool knowledge_never_returns(const struct knowledge *knowledge, const char *function);
/* Is it a function of this file that returns what a global variable or a field holds? */
bool knowledge_lends(const struct knowledge *knowledge, const char *function);
void knowledge_free(struct knowledge *knowledge);

#endif
