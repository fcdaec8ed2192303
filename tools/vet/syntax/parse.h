/* A parser for C that knows no types, needs no headers and goes on past what it does not understand. */
#ifndef VET_PARSE_H
#define VET_PARSE_H

#include "ast.h"
#include "macro.h"
#include "prototype.h"

struct release_list {
    const struct prototype *prototype;
    struct release_list *next;
};

/* One file, parsed. */
struct unit {
    struct arena arena;
    const char *path;
    struct source source;
    struct lexed lexed;
    struct macros macros;
    struct map typedefs;     /* names known to be types */
    struct map cleanups;     /* type name to its g_autoptr function; "T" of _cleanup_ helpers */
    struct map deallocators; /* function to its deallocator, by attribute malloc(f) */
    struct map ends;         /* these deallocators themselves */
    struct map prototypes;   /* function to struct prototype */
    struct map releases;     /* type name to the struct release_list of functions that release it */
    VEC(const char *) headers;    /* paths */
    int missing_headers;          /* of "…", that were not found */
    VEC(const char *) folders;    /* whose source files were looked at for functions */
    VEC(const char *) asked;      /* functions of other files that the findings depend on */
    VEC(const char *) neighbours; /* source files that were read for what they define */
    VEC(struct function) functions;
    int lines;
};

struct parser {
    struct arena *arena;
    struct unit *unit;
    struct function *function;
    const struct token *at, *end; /* `end` is a TOKEN_END */
    struct token *tokens;
    int depth;
    VEC(const char *) shadows; /* variables that are called as a type is: list *list */
};

struct expr *parse_expr(struct parser *parser);       /* with commas */
struct expr *parse_assignment(struct parser *parser); /* without */
struct expr *parse_braced_list(struct parser *parser);
struct stmt *parse_statement(struct parser *parser);
struct stmt *parse_block(struct parser *parser);
/* From here on to the end of the function the name is a variable, and no type. */
void shadow_type(struct parser *parser, const char *name);
bool at_declaration(const struct parser *parser);
struct stmt *parse_declaration(struct parser *parser);
void parse_specifiers(struct parser *parser, struct decl *decl);

/* Helpers on tokens. */
bool at_sign(const struct parser *parser, int sign);
bool at_word(const struct parser *parser, const char *word);
bool take_sign(struct parser *parser, int sign);
bool take_word(struct parser *parser, const char *word);
/* From an opening sign to the token after its closing one; `end` if there is none. */
const struct token *after_balanced(const struct token *at, const struct token *end);
bool is_type_word(const struct parser *parser, const struct token *token);
bool is_keyword(const struct token *token);
bool begins_attribute(const struct token *token); /* __attribute__, not set_attribute */

/* Parses all functions of a file and reads what its headers declare. */
void parse_unit(struct unit *unit);
/* Why this is no C, by its brackets; NULL: nothing is wrong with these, or the preprocessor's branches decide. */
const char *unit_problem(struct unit *unit);
void unit_close(struct unit *unit);

#endif
