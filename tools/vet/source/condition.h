/* Which `#if` holds, in a project that was never configured: true, false, or not known, which counts as true. */
#ifndef VET_CONDITION_H
#define VET_CONDITION_H

#include "lex.h"

enum truth { FALSE_, TRUE_, UNKNOWN };

struct conditions {
    struct map values; /* names that this file defines, to the token after the name; or undefines */
};

void conditions_define(struct conditions *conditions, struct arena *arena, const char *name,
                       const struct token *value);
void conditions_undefine(struct conditions *conditions, const char *name);
enum truth conditions_hold(const struct conditions *conditions, const struct token *tokens,
                           int count);
enum truth conditions_defined(const struct conditions *conditions, const char *name, bool wanted);
void conditions_free(struct conditions *conditions);

/* From the command line: -D and -U. Must be called before any file is read. */
void conditions_global(const char *name, bool defined);

#endif
