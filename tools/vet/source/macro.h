/* The macros that steer: whose body has a return, a goto, a cleanup attribute or an unbalanced brace.
 *
 * Only these are expanded. All other macros stay visible as calls, because their names tell more than their bodies. */
#ifndef VET_MACRO_H
#define VET_MACRO_H

#include "lex.h"

struct macros {
    struct map by_name;
};

/* Of macros with the same name the first that was added counts. */
void macros_add(struct macros *macros, struct lexed *lexed);
void macros_expand(struct macros *macros, struct arena *arena, const token_vec *in, token_vec *out);
const struct macro *macros_find(const struct macros *macros, const char *name);
/* Does the macro set its argument to a null value? (`#define FREE(p) do { free(p); p = NULL; } while (0)`) */
bool macro_resets(const struct macro *macro);
/* … or a macro that its body uses? */
bool macros_reset(const struct macros *macros, const struct macro *macro);
/* Does its body give this parameter a value? */
bool macro_assigns(const struct macro *macro, int parameter);
/* Does its body pass the address of this parameter on, as `&(element)`? */
bool macro_passes_address(const struct macro *macro, int parameter);
/* Is its body, in any case, a call of a function that never returns? */
bool macro_never_returns(const struct macro *macro);
/* #define HAS_PARENT(x) ((x)->parent != NULL): the same answer as long as nothing changes? */
bool macro_is_predicate(const struct macro *macro);
/* #define NAME -1: the number; 0: it is none, or not negative. */
long macro_negative(const struct macro *macro);
/* Does its body call this function? */
bool macro_calls(const struct macro *macro, const char *name);

/* How deep macros may use others. */
#define MACRO_DEPTH 8
/* Which parameter is the token? -1: none. */
int macro_parameter(const struct macro *macro, const struct token *token);

#endif
