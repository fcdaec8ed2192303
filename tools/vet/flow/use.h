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

/* foo_ref(place), foo_retain(place): by its name the call takes a reference. */
bool use_references(const struct instr *use, int place);
/* Does the function take a reference to what the place holds? */
bool use_takes_reference(const struct ir *ir, int place);
/* The same, or is a reference given back? */
bool use_has_references(const struct ir *ir, int place);

#endif
