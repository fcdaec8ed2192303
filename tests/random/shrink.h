#ifndef RANDOM_SHRINK_H
#define RANDOM_SHRINK_H

#include "ast.h"

/* `fails` is asked again and again; it must not change the program. */
void shrink(struct program *program, bool (*fails)(const struct program *program));

#endif
