/* Is a function a part of a test? */
#ifndef VET_HARNESS_H
#define VET_HARNESS_H

#include "ir.h"

/* By the name of a macro or function: one of a test framework's? */
bool is_test_assertion(const char *callee);

/* What a test leaves behind ends with its program: it is not worth a finding of the usual level. */
bool is_of_test(const struct ir *ir);

#endif
