/* Finds the functions of a file. Everything else outside of them is skipped. */
#include "declared.h"
#include "headers.h"
#include "parse.h"

#include <string.h>

static void read_parameter(struct parser *parser, const struct token *at, const struct token *after,
                           struct function *function)
{
    struct parameter *parameter = ADD(parser->arena, &function->parameters);
    for (; at < after; at++) {
        parameter->type.stars += at->sign == '*';
        parameter->type.is_array |= at->sign == '[';
        parameter->type.is_const |= token_is(at, "const") && parameter->type.stars == 0;
        if (at->sign == '[') {
            at = after_balanced(at, after) - 1;
            continue;
        }
        if (at->kind != TOKEN_NAME)
            continue;
        bool last = at + 1 >= after || at[1].sign == '[' || at[1].sign == ')' ||
                    token_is(at + 1, "UNUSED") || token_is(at + 1, "__attribute__");
        if (last && !parameter->name && (parameter->type.count > 0 || at + 1 >= after))
            parameter->name = at->text;
        else if (parameter->type.count < 8 && !token_is(at, "const"))
            parameter->type.words[parameter->type.count++] = at->text;
        if (at[1].sign == '(' && begins_attribute(at))
            break;
    }
}

static void read_parameters(struct parser *parser, const struct token *open,
                            struct function *function)
{
    const struct token *after = after_balanced(open, parser->end);
    const struct token *from = open + 1;
    int depth = 0;
    for (const struct token *at = from; at < after; at++) {
        if (at->sign == '(' || at->sign == '[')
            depth++;
        else if (at->sign == ')' || at->sign == ']')
            depth--;
        if ((at->sign == ',' && depth == 0) || at == after - 1) {
            if (at > from && !(at == from + 1 && token_is(from, "void")))
                read_parameter(parser, from, at, function);
            from = at + 1;
        }
    }
}

/* void *(object_ref)(void *object): the name is not to be taken for a macro. */
static bool in_parentheses(const struct token *open, const struct token *brace)
{
    return open->sign == '(' && brace - open > 3 && open[1].kind == TOKEN_NAME &&
           open[2].sign == ')' && open[3].sign == '(';
}

/* The name of the function whose body begins at `brace`: the last `name (` at depth 0 since `from`. */
static const struct token *function_name(const struct token *from, const struct token *brace)
{
    const struct token *name = NULL;
    for (const struct token *at = from; at < brace; at++) {
        if (at->sign == '=' && !name)
            return NULL;
        if (at->sign == '(' || at->sign == '[') {
            bool named = at->sign == '(' && at > from && at[-1].kind == TOKEN_NAME &&
                         !is_keyword(&at[-1]);
            if (named && !begins_attribute(&at[-1]) &&
                (!name || (after_balanced(at, brace) == brace && at[-2].sign != ')')))
                name = at - 1;
            else if (!name && in_parentheses(at, brace))
                name = at + 1;
            at = after_balanced(at, brace) - 1;
        }
    }
    return name;
}

static void read_function(struct parser *parser, const struct token *from,
                          const struct token *brace)
{
    const struct token *name = function_name(from, brace);
    if (!name) {
        parser->at = after_balanced(brace, parser->end);
        return;
    }
    struct function *function = ADD(parser->arena, &parser->unit->functions);
    function->name = name->text;
    function->line = name->line;
    function->start_line = from->expanded ? 0 : from->line;
    struct parser front = *parser;
    front.at = from;
    front.end = name;
    struct decl decl = {0};
    parse_specifiers(&front, &decl);
    function->type = decl.type;
    for (const struct token *at = from; at < name; at++)
        function->type.stars += at->sign == '*';
    read_parameters(parser, name[1].sign == ')' ? name + 2 : name + 1, function);
    parser->function = function;
    parser->shadows.count = 0;
    EACH (parameter, &function->parameters)
        if (parameter->name)
            shadow_type(parser, parameter->name);
    parser->at = brace;
    function->body = parse_block(parser);
    function->end_line = parser->at[-1].line;
    function->tokens = (int)(parser->at - brace);
}

static bool is_linkage(const struct token *from, const struct token *brace)
{
    return brace - from == 2 && token_is(from, "extern") && from[1].kind == TOKEN_STRING;
}

/* A body with unbalanced braces must not swallow the rest of the file: a brace that closes in the first column ends
 * the function that opened in it. Returns the end for the parser, or NULL if the braces balance. */
static const struct token *column_end(const struct token *brace, const struct token *end)
{
    const struct token *after = after_balanced(brace, end);
    if (after < end && (after[-1].column == 1 || after[-1].line == brace->line))
        return NULL;
    if (after < end && after->column == 1 && !after->expanded && after[-1].line < after->line)
        return NULL; /* the next definition begins there */
    for (const struct token *at = brace + 1; at < end; at++)
        if (at->sign == '}' && at->column == 1 && !at->expanded)
            return at == after - 1 ? NULL : at;
    return NULL;
}

static void read_function_within(struct parser *parser, const struct token *from,
                                 const struct token *brace)
{
    /* An initialiser or a type may well end in the midst of a line. */
    const struct token *limit = function_name(from, brace) ? column_end(brace, parser->end) : NULL;
    if (!limit) {
        read_function(parser, from, brace);
        return;
    }
    const struct token *end = parser->end;
    struct token *last = parser->tokens + (limit - parser->tokens), saved = *limit;
    last->kind = TOKEN_END;
    last->sign = 0;
    parser->end = limit;
    read_function(parser, from, brace);
    *last = saved;
    parser->end = end;
    parser->at = limit + 1;
}

static void read_functions(struct parser *parser)
{
    const struct token *from = parser->at;
    while (parser->at < parser->end) {
        int sign = parser->at->sign;
        if (sign == '(' || sign == '[') {
            parser->at = after_balanced(parser->at, parser->end);
        } else if (sign == '{' && is_linkage(from, parser->at)) {
            from = ++parser->at;
        } else if (sign == '{') {
            const struct token *brace = parser->at;
            read_function_within(parser, from, brace);
            bool initializer = at_sign(parser, ';') || at_sign(parser, ',') ||
                               parser->at->kind == TOKEN_NAME;
            from = parser->at;
            if (initializer && (at_sign(parser, ';') || at_sign(parser, ',')))
                from = ++parser->at;
        } else {
            parser->at++;
            if (sign == ';' || sign == '}')
                from = parser->at;
        }
    }
}

void parse_unit(struct unit *unit)
{
    struct arena *arena = &unit->arena;
    lex(arena, &unit->source, &unit->lexed);
    unit->lines = unit->lexed.tokens.at[unit->lexed.tokens.count - 1].line;
    macros_add(&unit->macros, &unit->lexed);
    struct declared declared = {0};
    declared_read(arena, &unit->lexed, &declared);
    declared_add(unit, &declared);
    headers_read(unit);
    token_vec tokens = {0};
    macros_expand(&unit->macros, arena, &unit->lexed.tokens, &tokens);
    *ADD(arena, &tokens) = (struct token){.kind = TOKEN_END,
                                          .text = ""}; /* so that at[1], at[2] can be read */
    *ADD(arena, &tokens) = (struct token){.kind = TOKEN_END, .text = ""};
    *ADD(arena, &tokens) = (struct token){.kind = TOKEN_END, .text = ""};
    struct parser parser = {.arena = arena,
                            .unit = unit,
                            .tokens = tokens.at,
                            .at = tokens.at,
                            .end = tokens.at + tokens.count - 4};
    read_functions(&parser);
}

const char *unit_problem(struct unit *unit)
{
    static const char opening[] = "([{", closing[] = ")]}";
    VEC(const struct token *) open = {0};
    if (unit->lexed.alternatives)
        return NULL;
    EACH (token, &unit->lexed.tokens) {
        int sign = token->sign > 0 && token->sign < 128 ? token->sign : 0;
        if (sign && strchr(opening, sign))
            *ADD(&unit->arena, &open) = token;
        const char *close = sign ? strchr(closing, sign) : NULL;
        if (!close)
            continue;
        if (open.count == 0 || open.at[open.count - 1]->sign != opening[close - closing])
            return arena_format(&unit->arena, "line %d: '%c' closes nothing", token->line, sign);
        open.count--;
    }
    return open.count == 0
               ? NULL
               : arena_format(&unit->arena, "line %d: '%c' is never closed",
                              open.at[open.count - 1]->line, open.at[open.count - 1]->sign);
}

void unit_close(struct unit *unit)
{
    map_free(&unit->macros.by_name);
    map_free(&unit->typedefs);
    map_free(&unit->cleanups);
    map_free(&unit->deallocators);
    map_free(&unit->ends);
    map_free(&unit->prototypes);
    map_free(&unit->releases);
    arena_free(&unit->arena);
}
