#include "parse.h"

#include <string.h>

bool at_sign(const struct parser *parser, int sign)
{
    return parser->at->sign == sign;
}

bool at_word(const struct parser *parser, const char *word)
{
    return token_is(parser->at, word);
}

bool take_sign(struct parser *parser, int sign)
{
    if (!at_sign(parser, sign) || parser->at >= parser->end)
        return false;
    parser->at++;
    return true;
}

bool take_word(struct parser *parser, const char *word)
{
    if (!at_word(parser, word))
        return false;
    parser->at++;
    return true;
}

bool begins_attribute(const struct token *token)
{
    return token->kind == TOKEN_NAME && strncmp(token->text, "__attribute", 11) == 0;
}

const struct token *after_balanced(const struct token *at, const struct token *end)
{
    int depth = 0;
    for (; at < end; at++) {
        int sign = at->sign;
        if (sign == '(' || sign == '[' || sign == '{')
            depth++;
        else if (sign == ')' || sign == ']' || sign == '}')
            depth--;
        if (depth <= 0)
            return at + 1;
    }
    return end;
}

bool is_keyword(const struct token *token)
{
    static const char *const words[] = {
        "return", "goto",    "if",    "else",     "while",  "do",    "for",    "switch",
        "case",   "default", "break", "continue", "sizeof", "defer", "_Defer", NULL};
    return token->kind == TOKEN_NAME && word_in(token->text, words);
}

static bool is_shadowed(const struct parser *parser, const char *name)
{
    EACH (shadow, &parser->shadows)
        if (*shadow == name)
            return true;
    return false;
}

void shadow_type(struct parser *parser, const char *name)
{
    if (map_get(&parser->unit->typedefs, name))
        *ADD(parser->arena, &parser->shadows) = name;
}

bool is_type_word(const struct parser *parser, const struct token *token)
{
    static const char *const words[] = {
        "void",          "char",          "short",         "int",         "long",
        "float",         "double",        "signed",        "unsigned",    "_Bool",
        "bool",          "struct",        "union",         "enum",        "const",
        "volatile",      "static",        "extern",        "register",    "auto",
        "inline",        "typeof",        "__typeof__",    "__auto_type", "_Atomic",
        "restrict",      "__restrict",    "_Complex",      "__const",     "__volatile__",
        "__inline",      "__inline__",    "_Thread_local", "__thread",    "__typeof",
        "typeof_unqual", "__extension__", "_Noreturn",     "__signed__",  "constexpr",
        "thread_local",  "va_list",       "FILE",          "DIR",         NULL};
    if (token->kind != TOKEN_NAME)
        return false;
    if (word_in(token->text, words))
        return true;
    if (map_get(&parser->unit->typedefs, token->text))
        return !is_shadowed(parser, token->text);
    return token->length > 2 && memcmp(token->text + token->length - 2, "_t", 2) == 0;
}
