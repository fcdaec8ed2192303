/* Declarations, and how cleanup attributes are written in them. */
#include "parse.h"

#include <string.h>

static bool starts(const char *name, const char *with)
{
    return strncmp(name, with, strlen(with)) == 0;
}

/* Macros with a parenthesis that stand in front of or behind a declared name. */
static bool is_attribute_call(const struct token *token)
{
    static const char *const names[] = {
        "g_autoptr",     "g_auto",       "g_autolist", "g_autoslist", "g_autoqueue",
        "_cleanup_",     "__free",       "cleanup",    "__cleanup",   "_cleanup",
        "__attribute__", "__attribute",  "_Alignas",   "alignas",     "DECLARE_CLEANUP",
        "__cleanup__",   "call_cleaner", "auto_free",  "lg_auto",     NULL};
    if (token->kind != TOKEN_NAME || token[1].sign != '(')
        return false;
    return word_in(token->text, names) || starts(token->text, "__aligned") ||
           starts(token->text, "__section") || strstr(token->text, "cleanup") ||
           starts(token->text, "_cleanup");
}

static bool declarator_follows(const struct parser *parser, const struct token *at)
{
    while (at->sign == '*' || token_is(at, "const") || token_is(at, "restrict"))
        at++;
    if (at->kind != TOKEN_NAME || is_keyword(at))
        return false;
    int sign = at[1].sign;
    return sign == '=' || sign == ';' || sign == ',' || sign == '[' || at[1].kind == TOKEN_NAME ||
           (sign == '*' && at < parser->end);
}

/* (*name)(…), (*name)[…]: the declarator of a pointer to a function or to an array. */
static bool is_pointer_declarator(const struct parser *parser, const struct token *at)
{
    const struct token *name = at + 1, *after = after_balanced(at, parser->end);
    if (at->sign != '(' || name->sign != '*')
        return false;
    while (name->sign == '*' || token_is(name, "const"))
        name++;
    return name->kind == TOKEN_NAME && !is_keyword(name) &&
           (name[1].sign == ')' || name[1].sign == '[') &&
           (after->sign == '(' || after->sign == '[');
}

/* CLASS(name, var)(args); — a kernel cleanup class. */
static bool is_class(const struct token *at, const struct token *end)
{
    return token_is(at, "CLASS") && at[1].sign == '(' && at[2].kind == TOKEN_NAME &&
           at[3].sign == ',' && at[4].kind == TOKEN_NAME &&
           after_balanced(at + 1, end)->sign == '(';
}

bool at_declaration(const struct parser *parser)
{
    const struct token *at = parser->at;
    if (is_class(at, parser->end))
        return true;
    if (at->sign == '[' && at[1].sign == '[')
        return true;
    if (at->kind != TOKEN_NAME || is_keyword(at))
        return false;
    if (is_attribute_call(at))
        return at[1].sign == '(' && after_balanced(at + 1, parser->end)->sign != ';';
    if (at[1].sign == ':' || at[1].sign == '=' || at[1].sign == ';' || at[1].sign == '.')
        return false;
    if (is_type_word(parser, at))
        return at[1].sign != '(' || strstr(at->text, "typeof") ||
               is_pointer_declarator(parser, at + 1);
    if (at[1].kind == TOKEN_NAME)
        return !is_keyword(at + 1) && at[1].line - at->line <= 1 &&
               (at[1].line == at->line || declarator_follows(parser, at + 1));
    if (at[1].sign == '*')
        return declarator_follows(parser, at + 1);
    if (at[1].sign == '(') {
        const struct token *next = after_balanced(at + 1, parser->end);
        return next->kind == TOKEN_NAME && next->line == at->line && !is_keyword(next) &&
               declarator_follows(parser, next);
    }
    return false;
}

static const char *attribute_cleanup(const struct token *at, const struct token *after)
{
    for (; at + 2 < after; at++)
        if ((token_is(at, "cleanup") || token_is(at, "__cleanup__")) && at[1].sign == '(' &&
            at[2].kind == TOKEN_NAME)
            return at[2].text;
    return NULL;
}

static void read_attribute(struct parser *parser, struct decl *decl)
{
    const struct token *at = parser->at;
    parser->at = after_balanced(at->sign == '[' ? at : at + 1, parser->end);
    const char *cleanup = attribute_cleanup(at, parser->at);
    if (cleanup) {
        decl->cleanup = cleanup;
        if (!decl->attribute)
            decl->attribute = "cleanup";
    } else if (at->sign != '[' && at[2].kind == TOKEN_NAME && !starts(at->text, "__attr") &&
               !starts(at->text, "__aligned")) {
        decl->attribute = at->text;
        decl->cleanup = at[2].text;
        if (starts(at->text, "g_auto")) {
            decl->type.words[decl->type.count++] = at[2].text;
            decl->type.stars += strcmp(at->text, "g_auto") != 0;
        }
    }
}

/* Macros without a parenthesis: _cleanup_free_, g_autofree, gs_unref_object, cleanup_close … */
static bool is_cleanup_word(const char *name)
{
    size_t length = strlen(name);
    if (length > 2 && strcmp(name + length - 2, "_t") == 0)
        return false; /* cleanup_handler_t is a type */
    return starts(name, "_cleanup_") || starts(name, "cleanup_") || starts(name, "g_autofree") ||
           starts(name, "gs_") || starts(name, "_cleanup") || starts(name, "__do_") ||
           starts(name, "__autofree") || starts(name, "autofree") || starts(name, "auto_") ||
           starts(name, "__cleanup_") || starts(name, "glnx_") || starts(name, "__mnt_") ||
           starts(name, "_scoped_") || starts(name, "nm_auto") || starts(name, "lg_auto_") ||
           starts(name, "glnx_autofd");
}

static bool is_qualifier(const struct token *token)
{
    static const char *const words[] = {
        "const",      "volatile",      "register",   "inline",        "restrict",  "extern",
        "__const",    "__inline",      "__inline__", "__extension__", "_Noreturn", "auto",
        "__restrict", "_Thread_local", "__thread",   "constexpr",     NULL};
    return token->kind == TOKEN_NAME && word_in(token->text, words);
}

static void add_word(struct type *type, const char *word)
{
    if (type->count < 8)
        type->words[type->count++] = word;
}

static void read_tagged(struct parser *parser, struct type *type)
{
    add_word(type, parser->at->text);
    parser->at++;
    while (at_word(parser, "__attribute__"))
        parser->at = after_balanced(parser->at + 1, parser->end);
    if (parser->at->kind == TOKEN_NAME) {
        add_word(type, parser->at->text);
        parser->at++;
    }
    if (at_sign(parser, '{'))
        parser->at = after_balanced(parser->at, parser->end);
}

static bool is_declared_name(const struct parser *parser, const struct type *type)
{
    const struct token *at = parser->at;
    int sign = at[1].sign;
    if (is_pointer_declarator(parser, at + 1))
        return false; /* unsigned char (*name)[3] */
    return type->count > 0 &&
           (sign == '=' || sign == ';' || sign == ',' || sign == '[' || sign == ')' ||
            sign == '(' || sign == ':' || at[1].kind == TOKEN_END ||
            starts(at[1].kind == TOKEN_NAME ? at[1].text : "", "__"));
}

void parse_specifiers(struct parser *parser, struct decl *decl)
{
    struct type *type = &decl->type;
    while (parser->at < parser->end) {
        const struct token *at = parser->at;
        if ((at->sign == '[' && at[1].sign == '[') || is_attribute_call(at)) {
            read_attribute(parser, decl);
        } else if (token_is(at, "static")) {
            type->is_static = true;
            parser->at++;
        } else if (is_qualifier(at)) {
            type->is_const |= token_is(at, "const");
            type->is_extern |= token_is(at, "extern");
            parser->at++;
        } else if (token_is(at, "struct") || token_is(at, "union") || token_is(at, "enum")) {
            read_tagged(parser, type);
        } else if (at->kind != TOKEN_NAME || is_keyword(at) || is_declared_name(parser, type)) {
            return;
        } else {
            if (is_cleanup_word(at->text))
                decl->attribute = at->text;
            else
                add_word(type, at->text);
            parser->at++;
            if (at_sign(parser, '(') && !is_pointer_declarator(parser, parser->at))
                parser->at = after_balanced(parser->at, parser->end);
        }
    }
}

static void read_after_name(struct parser *parser, struct decl *decl)
{
    while (parser->at < parser->end) {
        if (at_sign(parser, '[') && parser->at[1].sign != '[') {
            decl->type.is_array = true;
            parser->at = after_balanced(parser->at, parser->end);
        } else if (is_attribute_call(parser->at) ||
                   (at_sign(parser, '[') && parser->at[1].sign == '[')) {
            read_attribute(parser, decl);
        } else if (at_sign(parser, '(')) {
            decl->type.is_extern = true; /* a function's prototype */
            parser->at = after_balanced(parser->at, parser->end);
        } else if (parser->at->kind == TOKEN_NAME && !is_keyword(parser->at)) {
            if (is_cleanup_word(parser->at->text))
                decl->attribute = parser->at->text;
            parser->at++;
        } else {
            return;
        }
    }
}

static bool read_declarator(struct parser *parser, struct decl *decl)
{
    while (at_sign(parser, '*') || is_qualifier(parser->at) || is_attribute_call(parser->at)) {
        if (is_attribute_call(parser->at)) {
            read_attribute(parser, decl);
            continue;
        }
        decl->type.stars += at_sign(parser, '*');
        parser->at++;
    }
    if (at_sign(parser, '(')) {
        const struct token *inner = parser->at + 1;
        const struct token *after = after_balanced(parser->at, parser->end);
        for (; inner < after && (inner->sign == '*' || token_is(inner, "const")); inner++)
            decl->type.stars += inner->sign == '*';
        if (inner->kind != TOKEN_NAME)
            return false;
        decl->name = inner->text;
        shadow_type(parser, decl->name);
        decl->line = inner->line;
        decl->column = inner->column;
        parser->at = after;
        while (at_sign(parser, '(') || (at_sign(parser, '[') && parser->at[1].sign != '['))
            parser->at = after_balanced(parser->at, parser->end);
    } else if (parser->at->kind == TOKEN_NAME && !is_keyword(parser->at)) {
        decl->name = parser->at->text;
        shadow_type(parser, decl->name);
        decl->line = parser->at->line;
        decl->column = parser->at->column;
        parser->at++;
    } else {
        return false;
    }
    read_after_name(parser, decl);
    return true;
}

static bool parse_class(struct parser *parser, struct stmt *stmt)
{
    if (!is_class(parser->at, parser->end))
        return false;
    struct decl *decl = ADD(parser->arena, &stmt->decls);
    decl->attribute = "CLASS";
    decl->cleanup = parser->at[2].text;
    decl->name = parser->at[4].text;
    decl->line = parser->at->line;
    parser->at = after_balanced(after_balanced(parser->at + 1, parser->end), parser->end);
    return true;
}

static void to_semicolon(struct parser *parser)
{
    while (parser->at < parser->end && !at_sign(parser, ';') && !at_sign(parser, '}')) {
        if (at_sign(parser, '(') || at_sign(parser, '[') || at_sign(parser, '{'))
            parser->at = after_balanced(parser->at, parser->end);
        else
            parser->at++;
    }
    take_sign(parser, ';');
}

struct stmt *parse_declaration(struct parser *parser)
{
    struct stmt *stmt = NEW(parser->arena, struct stmt);
    stmt->kind = S_DECL;
    stmt->line = parser->at->line;
    stmt->column = parser->at->column;
    stmt->expanded = parser->at->expanded;
    if (!parse_class(parser, stmt)) {
        bool is_typedef = take_word(parser, "typedef");
        struct decl common = {.line = parser->at->line};
        parse_specifiers(parser, &common);
        do {
            struct decl decl = common;
            decl.joint = stmt->decls.count > 0;
            if (!read_declarator(parser, &decl))
                break;
            if (at_sign(parser, '{') && decl.type.is_extern) { /* a nested function */
                parser->at = after_balanced(parser->at, parser->end);
                return stmt;
            }
            if (take_sign(parser, '='))
                decl.value = at_sign(parser, '{') ? parse_braced_list(parser)
                                                  : parse_assignment(parser);
            if (!is_typedef)
                *ADD(parser->arena, &stmt->decls) = decl;
        } while (take_sign(parser, ','));
    }
    to_semicolon(parser);
    return stmt;
}
