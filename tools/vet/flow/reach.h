/* Which statements can come after another one? */
#ifndef VET_REACH_H
#define VET_REACH_H

#include "ir.h"

enum reach { REACH_ON, REACH_STOP, REACH_FOUND };
typedef enum reach reach_fn(const struct ir *ir, int index, void *data);

/* From the statement `from` on, along all paths: the first statement for which `visit` says REACH_FOUND; -1: none.
 * REACH_STOP ends a path. */
int reach(const struct ir *ir, int from, reach_fn *visit, void *data);
/* … along the paths on which `place` is set: neither a null pointer nor negative, as far as its tests say. */
int reach_set(const struct ir *ir, int from, int place, reach_fn *visit, void *data);
/* … on which `place` is not 0. */
int reach_nonzero(const struct ir *ir, int from, int place, reach_fn *visit, void *data);
/* Can `to` come after `from`? */
bool reaches(const struct ir *ir, int from, int to);

#endif
