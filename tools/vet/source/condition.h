/* Which `#if` holds, in a project that was never configured: true, false, or not known, which counts as true. */
#ifndef VET_CONDITION_H
#define VET_CONDITION_H

#include "lex.h"

enum truth { FALSE_, TRUE_, UNKNOWN };

struct conditions {
    struct map values; /* names that this file defines, to the token after the name; or undefines */
    struct map
        assumed; /* names that a function has been read with as if they were defined, or undefined */
};

void conditions_define(struct conditions *conditions, struct arena *arena, const char *name,
                       const struct token *value);
void conditions_undefine(struct conditions *conditions, const char *name);
enum truth conditions_hold(const struct conditions *conditions, const struct token *tokens,
                           int count);
enum truth conditions_defined(const struct conditions *conditions, const char *name, bool wanted);
/* Of a condition that is not known, and is nothing but a name: from here on it holds, or does not. Two parts of a function
 * of which no configuration has both are not to be read together. Returns the name; NULL: it is another condition. */
const char *conditions_assume(struct conditions *conditions, const char *directive,
                              const struct token *tokens, int count);
/* … but for this name, of which the opposite is assumed. */
void conditions_reverse(struct conditions *conditions, const char *name);
void conditions_forget(struct conditions *conditions);
void conditions_free(struct conditions *conditions);

/* From the command line: -D and -U. Must be called before any file is read. */
void conditions_global(const char *name, bool defined);

#endif
