/* ignored-close-error: what a function writes to a file. */
#ifndef VET_WRITTEN_H
#define VET_WRITTEN_H

#include "ir.h"

/* Is the value of `place` an argument of the call? */
bool call_passes(const struct instr *call, int place);
/* Does the function write to the file in `place`, itself or through a function of the same file? */
bool writes_to(const struct ir *ir, int place);
/* … and does it look whether that worked? */
bool checks_writes(const struct ir *ir, int place);
/* status = put(fd, text); close(fd); return status; From `from` on, does it return what writing to `place` has said? */
bool returns_status_of_write(const struct ir *ir, int from, int place);

#endif
