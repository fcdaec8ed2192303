/* Edits of a source file that mend a finding (--fix). Each function does nothing if the place is not as it expects: then
 * the finding is only reported. */
#ifndef VET_EDIT_H
#define VET_EDIT_H

#include "finding.h"
#include "parse.h"

/* The token of the file, not of a macro's body, that begins there; NULL: none. */
const struct token *edit_token(const struct unit *unit, int line, int column);
/* Replaces a token. */
void edit_replace(struct unit *unit, struct finding *finding, const struct token *token,
                  const char *text);
/* Replaces a token and the space up to the next one. */
void edit_join(struct unit *unit, struct finding *finding, const struct token *token,
               const char *text);
/* Inserts after a token. */
void edit_after(struct unit *unit, struct finding *finding, const struct token *token,
                const char *text);
/* Inserts before a token. */
void edit_before(struct unit *unit, struct finding *finding, const struct token *token,
                 const char *text);
/* Inserts a definition above a function and its comment, once in a file. */
void edit_define(struct unit *unit, struct finding *finding, const struct function *function,
                 const char *text);
/* Moves a statement that has lines of its own behind the line `after`. */
void edit_move_lines(struct unit *unit, struct finding *finding, int from, int to, int after);

#endif
