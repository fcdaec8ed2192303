/* Is what follows a release a use of what was released, or only of the name that it had? */
#ifndef VET_USE_H
#define VET_USE_H

#include "ir.h"

/* `use` has the released place among its operands. */
bool use_counts(const struct ir *ir, const struct instr *use, const struct instr *release,
                int place);

/* Does this call work on a descriptor, and not only with its number? */
bool use_works_on_descriptor(const struct instr *use);

/* buffer_free(b); buffer_alloc(b, size): the structure is filled anew. */
bool use_fills_again(const struct instr *use, int place);

/* Is the place the first argument of a function whose name has one of these words? */
bool use_is_called(const struct ir *ir, int place, const char *const *words);

#endif
