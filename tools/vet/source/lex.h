/* From the text of a C file to tokens, without its headers and without a configured project.
 *
 * Of each `#if` one branch is taken: the first whose condition is not known to be false. So the braces balance in any
 * file that compiles in some configuration. Further branches are read too if they consist of whole definitions, as the
 * first one does, so that each function is checked. `#define` is recorded, not applied (macro.h). */
#ifndef VET_LEX_H
#define VET_LEX_H

#include <stdlib.h>
#include <string.h>

#include "base.h"

enum token_kind { TOKEN_END, TOKEN_NAME, TOKEN_NUMBER, TOKEN_STRING, TOKEN_CHARACTER, TOKEN_SIGN };

/* A sign's code: its characters, the first in the lowest byte. */
#define S2(a, b) ((a) | (b) << 8)
#define S3(a, b, c) ((a) | (b) << 8 | (c) << 16)

struct token {
    const char *text; /* a name: interned; else where it stands in the file */
    int length;
    int sign; /* of a TOKEN_SIGN */
    int line;
    short column;
    unsigned char kind;
    bool expanded; /* it comes from a macro's body */
};

typedef VEC(struct token) token_vec;

/* The value of a TOKEN_NUMBER. Its text goes on in the file: the number is copied first, lest all of the file be read for its end. */
static inline long token_number(const struct token *token)
{
    char text[64];
    size_t length = token->length < 63 ? (size_t)token->length : 63;
    memcpy(text, token->text, length);
    text[length] = '\0';
    return strtol(text, NULL, 0);
}

struct macro {
    const char *name;
    bool function_like, variadic;
    VEC(const char *) parameters;
    token_vec body;
    signed char steers; /* macro.c: has it a return or goto? 0 not looked at yet, 1 yes, -1 no */
};

struct include {
    const char *name;
    bool angled;
};

/* A comment that speaks to the checker. */
struct remark {
    const char *text;
    int length, line;
};

struct lexed {
    token_vec tokens; /* the last is a TOKEN_END */
    VEC(struct macro) macros;
    VEC(struct include) includes;
    VEC(struct remark) remarks;
    bool alternatives; /* #else, #elif: what stands in both branches may not fit together */
};

struct source {
    const char *path;
    char *text;
    size_t length;
};

bool source_read(struct arena *arena, const char *path, struct source *source);
void lex(struct arena *arena, const struct source *source, struct lexed *lexed);

/* lex_branch.c */
/* Are the tokens from `first` to the end whole statements between others, the last of which leaves the function? */
bool tokens_leave(const token_vec *tokens, int first);
/* `#ifdef HAVE_X return x(); #else …`: as `if (…) { return x(); } …`, so that both are read. */
void tokens_make_conditional(struct arena *arena, token_vec *tokens, int first);

/* Is it this word? */
bool token_is(const struct token *token, const char *word);

#endif
