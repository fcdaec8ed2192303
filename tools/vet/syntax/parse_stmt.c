/* Statements, and the block macros that look like them: list_for_each(…) { }, scoped_guard(…) { }, defer { }. */
#include "names.h"
#include "parse.h"

#include <string.h>

#define DEEPEST 200

static struct stmt *make(struct parser *parser, enum stmt_kind kind)
{
    struct stmt *stmt = NEW(parser->arena, struct stmt);
    stmt->kind = kind;
    stmt->line = parser->at->line;
    stmt->column = parser->at->column;
    stmt->expanded = parser->at->expanded;
    return stmt;
}

/* if UNLIKELY (…), without parentheses around the macro */
static void skip_likely(struct parser *parser)
{
    const struct token *at = parser->at;
    if (at->kind == TOKEN_NAME && at + 1 < parser->end && at[1].sign == '(' &&
        name_is_likely(at->text))
        parser->at++;
}

static struct expr *parse_condition(struct parser *parser)
{
    skip_likely(parser);
    const struct token *open = parser->at;
    if (!take_sign(parser, '('))
        return NULL;
    struct expr *condition = parse_expr(parser);
    if (!take_sign(parser, ')'))
        parser->at = after_balanced(open, parser->end);
    return condition;
}

static void end_statement(struct parser *parser)
{
    if (take_sign(parser, ';'))
        return;
    int depth = 0;
    for (; parser->at < parser->end; parser->at++) {
        int sign = parser->at->sign;
        if (depth == 0 && (sign == ';' || sign == '}'))
            break;
        depth += (sign == '(' || sign == '[' || sign == '{') -
                 (sign == ')' || sign == ']' || sign == '}');
    }
    take_sign(parser, ';');
}

static struct stmt *parse_if(struct parser *parser)
{
    struct stmt *stmt = make(parser, S_IF);
    parser->at++;
    stmt->value = parse_condition(parser);
    stmt->then = parse_statement(parser);
    if (take_word(parser, "else"))
        stmt->otherwise = parse_statement(parser);
    return stmt;
}

static struct stmt *parse_loop(struct parser *parser)
{
    struct stmt *stmt = make(parser, at_word(parser, "switch") ? S_SWITCH : S_WHILE);
    parser->at++;
    stmt->value = parse_condition(parser);
    stmt->then = parse_statement(parser);
    return stmt;
}

static struct stmt *parse_do(struct parser *parser)
{
    struct stmt *stmt = make(parser, S_DO);
    parser->at++;
    stmt->then = parse_statement(parser);
    if (take_word(parser, "while"))
        stmt->value = parse_condition(parser);
    take_sign(parser, ';');
    return stmt;
}

static struct stmt *parse_for(struct parser *parser)
{
    struct stmt *stmt = make(parser, S_FOR);
    parser->at++;
    const struct token *open = parser->at;
    const struct token *after = open->sign == '(' ? after_balanced(open, parser->end) : open;
    if (take_sign(parser, '(')) {
        if (at_sign(parser, ';')) {
            parser->at++;
        } else if (at_declaration(parser)) {
            stmt->first = parse_declaration(parser);
        } else {
            stmt->first = make(parser, S_EXPR);
            stmt->first->value = parse_expr(parser);
            take_sign(parser, ';');
        }
        if (!at_sign(parser, ';') && parser->at < after - 1)
            stmt->value = parse_expr(parser);
        take_sign(parser, ';');
        if (parser->at < after - 1)
            stmt->step = parse_expr(parser);
        parser->at = after;
    }
    stmt->then = parse_statement(parser);
    return stmt;
}

static struct stmt *parse_case(struct parser *parser)
{
    struct stmt *stmt = make(parser, S_CASE);
    if (!take_word(parser, "default")) {
        parser->at++;
        stmt->value = parse_assignment(parser);
        if (take_sign(parser, S3('.', '.', '.')))
            parse_assignment(parser);
    }
    while (parser->at < parser->end && !at_sign(parser, ':') && !at_sign(parser, ';'))
        parser->at++;
    take_sign(parser, ':');
    return stmt;
}

static struct stmt *parse_jump(struct parser *parser)
{
    struct stmt *stmt = make(parser, at_word(parser, "break") ? S_BREAK : S_CONTINUE);
    if (take_word(parser, "goto")) {
        stmt->kind = S_GOTO;
        if (parser->at->kind == TOKEN_NAME)
            stmt->name = (parser->at++)->text;
    } else if (take_word(parser, "return")) {
        stmt->kind = S_RETURN;
        if (!at_sign(parser, ';'))
            stmt->value = parse_expr(parser);
    } else {
        parser->at++;
    }
    end_statement(parser);
    return stmt;
}

static struct stmt *parse_defer(struct parser *parser)
{
    struct stmt *stmt = make(parser, S_DEFER);
    parser->at++;
    stmt->then = parse_statement(parser);
    return stmt;
}

/* lg_defer(fn, args…) and its kin: a deferred call. The name of the macro stays in `name`. */
static struct stmt *parse_lg_defer(struct parser *parser)
{
    struct stmt *stmt = make(parser, S_DEFER);
    stmt->name = parser->at->text;
    bool named = at_word(parser, "lg_defer_as") || at_word(parser, "lg_defer_in");
    struct stmt *inner = make(parser, S_EXPR);
    struct expr *macro = parse_assignment(parser);
    int first = named ? 1 : 0;
    struct expr *call = NEW(parser->arena, struct expr);
    *call = (struct expr){.kind = E_CALL, .line = macro->line, .column = macro->column};
    if (macro->args.count > first) {
        call->a = macro->args.at[first];
        call->name = call->a->kind == E_NAME ? call->a->name : NULL;
    }
    for (int i = first + 1; i < macro->args.count; i++)
        *ADD(parser->arena, &call->args) = macro->args.at[i];
    inner->value = call;
    stmt->then = inner;
    if (named && macro->args.count > 0)
        stmt->step = macro->args.at[0];
    end_statement(parser);
    return stmt;
}

static bool starts(const struct token *token, const char *with)
{
    return token->kind == TOKEN_NAME && strncmp(token->text, with, strlen(with)) == 0;
}

/* lg_func (T, name) { … } */
static struct stmt *parse_lg_func(struct parser *parser)
{
    const char *name = parser->at->text;
    parser->function->in_lg_func = true;
    parser->at++;
    if (at_sign(parser, '(')) {
        const struct token *after = after_balanced(parser->at, parser->end);
        if (after[-2].kind == TOKEN_NAME)
            parser->function->result = after[-2].text;
        parser->at = after;
    }
    struct stmt *body = parse_statement(parser);
    body->name = name;
    return body;
}

static bool contains(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

static bool loops_by_name(const char *name)
{
    return contains(name, "for_each") || contains(name, "foreach") || contains(name, "FOREACH") ||
           contains(name, "FOR_EACH") || contains(name, "ForEach") || contains(name, "_ITER") ||
           contains(name, "iter") || contains(name, "each") || contains(name, "EACH") ||
           contains(name, "LOOP") || contains(name, "loop") || contains(name, "list_for") ||
           contains(name, "ForList") || contains(name, "FOR_") || contains(name, "for_");
}

static bool once_by_name(const char *name)
{
    return contains(name, "guard") || contains(name, "scoped") || contains(name, "with_") ||
           contains(name, "WITH_") || contains(name, "frr_with") || contains(name, "block");
}

/* A call that is no statement by its semicolon: a block macro, or a macro that needs no semicolon. */
static void after_call(struct parser *parser, struct stmt *stmt)
{
    const char *name = stmt->value->name;
    if (!name)
        return;
    if (at_sign(parser, '{') || (loops_by_name(name) && !at_sign(parser, ';'))) {
        stmt->kind = loops_by_name(name) && !once_by_name(name) ? S_EACH : S_ONCE;
        stmt->then = parse_statement(parser);
    }
}

static struct stmt *parse_expression_statement(struct parser *parser)
{
    struct stmt *stmt = make(parser, S_EXPR);
    const struct token *from = parser->at;
    stmt->value = parse_expr(parser);
    if (stmt->value->kind == E_CALL)
        after_call(parser, stmt);
    if (stmt->kind != S_EXPR || take_sign(parser, ';'))
        return stmt;
    bool new_line = parser->at > from && parser->at->line > parser->at[-1].line;
    if (new_line && stmt->value->kind == E_NAME && name_is_constant(stmt->value->name))
        return stmt; /* WARNINGS_ON, on a line of its own */
    if (stmt->value->kind == E_CALL &&
        (new_line || at_sign(parser, '}') || parser->at->expanded != from->expanded))
        return stmt; /* a macro without a semicolon */
    if (parser->at == from && parser->at < parser->end && !at_sign(parser, '}'))
        parser->at++;
    end_statement(parser);
    return stmt;
}

static struct stmt *parse_label(struct parser *parser)
{
    struct stmt *stmt = make(parser, S_LABEL);
    stmt->name = parser->at->text;
    parser->at += 2;
    while (at_word(parser, "__attribute__"))
        parser->at = after_balanced(parser->at + 1, parser->end);
    return stmt;
}

struct stmt *parse_block(struct parser *parser)
{
    struct stmt *stmt = make(parser, S_BLOCK);
    take_sign(parser, '{');
    while (parser->at < parser->end && !at_sign(parser, '}')) {
        const struct token *before = parser->at;
        *ADD(parser->arena, &stmt->list) = parse_statement(parser);
        if (parser->at == before)
            parser->at++;
    }
    stmt->end_line = parser->at->line;
    take_sign(parser, '}');
    return stmt;
}

/* G_STMT_START { … } G_STMT_END; */
static bool begins_block(const char *name)
{
    static const char *const ends[] = {"_START", "_BEGIN", NULL};
    for (const char *const *end = ends; *end; end++)
        if (strlen(name) > strlen(*end) && strcmp(name + strlen(name) - strlen(*end), *end) == 0)
            return true;
    return false;
}

static bool at_asm(const struct parser *parser)
{
    return at_word(parser, "asm") || at_word(parser, "__asm__") || at_word(parser, "__asm");
}

/* _suppress_warning_ p = strdup(name); reads like a declaration, and is an assignment. */
static void skip_annotation(struct parser *parser)
{
    const struct token *at = parser->at;
    if (at->kind == TOKEN_NAME && at->length > 2 && at->text[0] == '_' &&
        at->text[at->length - 1] == '_' && at + 2 < parser->end && at[1].kind == TOKEN_NAME &&
        at[2].sign == '=')
        parser->at++;
}

static struct stmt *parse_any(struct parser *parser)
{
    skip_annotation(parser);
    const struct token *at = parser->at;
    if (at->sign == '{')
        return parse_block(parser);
    if (at->sign == ';') {
        parser->at++;
        return make(parser, S_BLOCK);
    }
    if (at->kind != TOKEN_NAME)
        return at_declaration(parser) ? parse_declaration(parser)
                                      : parse_expression_statement(parser);
    if (token_is(at, "if"))
        return parse_if(parser);
    if (token_is(at, "while") || token_is(at, "switch"))
        return parse_loop(parser);
    if (token_is(at, "do"))
        return parse_do(parser);
    if (token_is(at, "for"))
        return parse_for(parser);
    if (token_is(at, "case") || (token_is(at, "default") && at[1].sign == ':'))
        return parse_case(parser);
    if (token_is(at, "return") || token_is(at, "goto") || token_is(at, "break") ||
        token_is(at, "continue"))
        return parse_jump(parser);
    if (token_is(at, "defer") || token_is(at, "_Defer") || token_is(at, "lg_defer_block"))
        return parse_defer(parser);
    if (starts(at, "lg_defer") && !starts(at, "lg_deferred") && at[1].sign == '(')
        return parse_lg_defer(parser);
    if (starts(at, "lg_func"))
        return parse_lg_func(parser);
    if (at[1].sign == ':' && at[2].sign != ':')
        return parse_label(parser);
    if (at[1].sign == '{' && begins_block(at->text)) {
        parser->at++;
        return parse_block(parser);
    }
    if (at_asm(parser)) {
        struct stmt *stmt = make(parser, S_BLOCK);
        end_statement(parser);
        return stmt;
    }
    return at_declaration(parser) ? parse_declaration(parser) : parse_expression_statement(parser);
}

struct stmt *parse_statement(struct parser *parser)
{
    if (parser->depth > DEEPEST) {
        struct stmt *stmt = make(parser, S_BLOCK);
        end_statement(parser);
        return stmt;
    }
    parser->depth++;
    struct stmt *stmt = parse_any(parser);
    parser->depth--;
    if (!stmt->end_line)
        stmt->end_line = parser->at[-1].line;
    return stmt;
}
