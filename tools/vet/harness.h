/* Is a function a part of a test? */
#ifndef VET_HARNESS_H
#define VET_HARNESS_H

#include "ir.h"

/* What a test leaves behind ends with its program: it is not worth a finding of the usual level. */
bool is_of_test(const struct ir *ir);

#endif
