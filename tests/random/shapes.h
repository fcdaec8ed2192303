/* The shapes, compiled: written by `random-programs shapes` when the test is built. */
#ifndef RANDOM_SHAPES_H
#define RANDOM_SHAPES_H

#include "ast.h"

extern void (*const compiled_shapes[])(struct call *call);
extern const int compiled_shape_count;

#endif
