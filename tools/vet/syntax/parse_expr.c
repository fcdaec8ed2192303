/* Expressions. A cast is told from a parenthesis by its looks. */
#include "parse.h"

#include <stdlib.h>
#include <string.h>

#define DEEPEST 600   /* expressions within each other */
#define LONGEST 10000 /* links of a + a + a …, a.b.c …: the tree is as deep as the chain is long */

static struct expr *make(struct parser *parser, enum expr_kind kind, const struct token *where)
{
    struct expr *expr = NEW(parser->arena, struct expr);
    expr->kind = kind;
    expr->line = where->line;
    expr->column = where->column;
    expr->expanded = where->expanded;
    return expr;
}

static struct expr *parse_unary(struct parser *parser);

/* After `(`: does a type stand here, up to the closing parenthesis? */
static bool at_type_name(const struct parser *parser, const struct token *at)
{
    if (at->kind != TOKEN_NAME || is_keyword(at))
        return false;
    const struct token *first = at;
    if (is_type_word(parser, at) && at[1].sign != '(')
        return true;
    if (is_type_word(parser, at))
        return strstr(at->text, "typeof") != NULL;
    at++;
    while (at->kind == TOKEN_NAME && !is_keyword(at))
        at++;
    int names = (int)(at - first), stars = 0;
    while (at->sign == '*' || token_is(at, "const")) {
        stars += at->sign == '*';
        at++;
    }
    if (at->sign != ')')
        return false;
    if (stars > 0 || names > 1)
        return true;
    /* (name): a cast if an operand follows that cannot go on an expression. */
    const struct token *next = at + 1;
    return next->kind == TOKEN_NUMBER || next->kind == TOKEN_STRING ||
           next->kind == TOKEN_CHARACTER || (next->kind == TOKEN_NAME && !is_keyword(next)) ||
           token_is(next, "sizeof") || next->sign == '{' || next->sign == '~' || next->sign == '!';
}

static long number_of(const struct token *token)
{
    if (token->kind == TOKEN_CHARACTER)
        return token->length > 2 && token->text[1] != '\\' ? token->text[1]
               : token->length > 3 && token->text[1] == '\\' && token->text[2] == '0' ? 0
                                                                                      : 1;
    return token_number(token);
}

static struct expr *parse_statement_argument(struct parser *parser)
{
    struct expr *jump = make(parser, E_JUMP, parser->at);
    struct stmt *stmt = NEW(parser->arena, struct stmt);
    stmt->line = parser->at->line;
    stmt->column = parser->at->column;
    if (take_word(parser, "return")) {
        stmt->kind = S_RETURN;
        if (!at_sign(parser, ')') && !at_sign(parser, ','))
            stmt->value = parse_assignment(parser);
    } else if (take_word(parser, "goto")) {
        stmt->kind = S_GOTO;
        stmt->name = parser->at->text;
        parser->at++;
    } else {
        stmt->kind = at_word(parser, "break") ? S_BREAK : S_CONTINUE;
        parser->at++;
    }
    jump->body = stmt;
    return jump;
}

static bool at_end_of_argument(const struct parser *parser)
{
    return parser->at >= parser->end || at_sign(parser, ',') || at_sign(parser, ')') ||
           at_sign(parser, '}') || at_sign(parser, ']');
}

static void skip_token(struct parser *parser)
{
    bool opens = at_sign(parser, '(') || at_sign(parser, '[') || at_sign(parser, '{');
    parser->at = opens ? after_balanced(parser->at, parser->end) : parser->at + 1;
}

/* Over what could not be read as an argument, to its comma or closing parenthesis. */
static void skip_argument(struct parser *parser)
{
    while (!at_end_of_argument(parser))
        skip_token(parser);
}

/* An expression that lies too deep is left out, to the sign that ends it. */
static struct expr *leave_out(struct parser *parser)
{
    const struct token *at = parser->at;
    while (!at_end_of_argument(parser) && !at_sign(parser, ';'))
        skip_token(parser);
    return make(parser, E_NONE, at);
}

static struct expr *parse_argument(struct parser *parser)
{
    if (is_keyword(parser->at) && !at_word(parser, "sizeof"))
        return parse_statement_argument(parser);
    struct expr *argument;
    if (at_type_name(parser, parser->at) && is_type_word(parser, parser->at)) {
        argument = make(parser, E_NONE, parser->at);
        skip_argument(parser);
        return argument;
    }
    argument = parse_assignment(parser);
    if (!at_sign(parser, ',') && !at_sign(parser, ')'))
        skip_argument(parser);
    return argument;
}

/* INIT(object, .member = value): an argument of a macro that fills a structure. */
static struct expr *parse_designated(struct parser *parser)
{
    if (!at_sign(parser, '.') || parser->at[1].kind != TOKEN_NAME || parser->at[2].sign != '=')
        return NULL;
    struct expr *name = make(parser, E_DESIGNATED, parser->at);
    name->name = parser->at[1].text;
    parser->at += 3;
    name->a = at_sign(parser, '{') ? parse_braced_list(parser) : parse_argument(parser);
    return name;
}

static void parse_arguments(struct parser *parser, struct expr *call)
{
    while (parser->at < parser->end && !at_sign(parser, ')')) {
        const struct token *before = parser->at;
        struct expr *designated = parse_designated(parser);
        *ADD(parser->arena, &call->args) = designated ? designated : parse_argument(parser);
        if (!take_sign(parser, ',') && !at_sign(parser, ')'))
            break;
        if (parser->at == before)
            parser->at++;
    }
    take_sign(parser, ')');
}

struct expr *parse_braced_list(struct parser *parser)
{
    struct expr *list = make(parser, E_LIST, parser->at);
    const struct token *after = after_balanced(parser->at, parser->end);
    parser->at = parser->depth++ > DEEPEST ? after : parser->at + 1;
    while (parser->at < parser->end && parser->at < after - 1) {
        const struct token *before = parser->at;
        struct expr *name = NULL;
        while ((at_sign(parser, '.') && parser->at[1].kind == TOKEN_NAME) || at_sign(parser, '[')) {
            if (at_sign(parser, '[')) {
                parser->at = after_balanced(parser->at, parser->end);
                continue;
            }
            name = make(parser, E_DESIGNATED, parser->at);
            name->name = parser->at[1].text;
            parser->at += 2;
        }
        take_sign(parser, '=');
        struct expr *value = at_sign(parser, '{') ? parse_braced_list(parser)
                                                  : parse_assignment(parser);
        if (name)
            name->a = value;
        *ADD(parser->arena, &list->args) = name ? name : value;
        if (!take_sign(parser, ',') && parser->at < after - 1)
            skip_argument(parser), take_sign(parser, ',');
        if (parser->at == before)
            parser->at++;
    }
    parser->depth--;
    parser->at = after;
    return list;
}

static struct expr *parse_parenthesis(struct parser *parser)
{
    const struct token *open = parser->at++;
    if (at_sign(parser, '{')) {
        struct expr *block = make(parser, E_BLOCK, open);
        block->body = parse_block(parser);
        take_sign(parser, ')');
        return block;
    }
    if (at_type_name(parser, parser->at)) {
        parser->at = after_balanced(open, parser->end);
        if (at_sign(parser, '{'))
            return parse_braced_list(parser);
        struct expr *cast = make(parser, E_CAST, open);
        cast->a = parse_unary(parser);
        return cast;
    }
    struct expr *inner = parse_expr(parser);
    if (!take_sign(parser, ')'))
        parser->at = after_balanced(open, parser->end);
    return inner;
}

static struct expr *parse_name(struct parser *parser)
{
    struct expr *name = make(parser, E_NAME, parser->at);
    name->name = parser->at->text;
    if (take_word(parser, "sizeof") || take_word(parser, "_Alignof") ||
        take_word(parser, "__alignof__")) {
        name->kind = E_SIZEOF;
        if (at_sign(parser, '('))
            parser->at = after_balanced(parser->at, parser->end);
        else
            parse_unary(parser);
        return name;
    }
    parser->at++;
    return name;
}

static struct expr *parse_primary(struct parser *parser)
{
    const struct token *at = parser->at;
    struct expr *expr;
    switch (at->kind) {
    case TOKEN_NAME:
        return is_keyword(at) && !token_is(at, "sizeof") ? make(parser, E_NONE, at)
                                                         : parse_name(parser);
    case TOKEN_NUMBER:
    case TOKEN_CHARACTER:
        expr = make(parser, E_NUMBER, at);
        expr->number = number_of(at);
        parser->at++;
        return expr;
    case TOKEN_STRING:
        expr = make(parser, E_STRING, at);
        while (parser->at->kind == TOKEN_STRING ||
               (parser->at->kind == TOKEN_NAME && parser->at[1].kind == TOKEN_STRING))
            parser->at++;
        if (parser->at->kind == TOKEN_NAME && parser->at[-1].kind == TOKEN_STRING &&
            (parser->at[1].sign == ')' || parser->at[1].sign == ','))
            parser->at++; /* "%" PRIu64 */
        expr->name = at->text;
        expr->number = at->length;
        return expr;
    default: break;
    }
    if (at->sign == '(')
        return parse_parenthesis(parser);
    return make(parser, E_NONE, at);
}

static struct expr *parse_postfix(struct parser *parser)
{
    struct expr *expr = parse_primary(parser);
    for (int length = 0; expr->kind != E_NONE; length++) {
        const struct token *at = parser->at;
        struct expr *outer;
        if (at->sign == '(') {
            outer = make(parser, E_CALL, at);
            outer->line = expr->line;
            outer->column = expr->column;
            outer->a = expr;
            struct expr *called = expr->kind == E_PREFIX && expr->sign == '*' ? expr->a : expr;
            if (called->kind == E_NAME || called->kind == E_MEMBER)
                outer->name = called->name; /* f(), p->f(), (*p->f)() */
            if (called->kind == E_MEMBER)
                outer->a = called;
            parser->at++;
            parse_arguments(parser, outer);
        } else if (at->sign == '[') {
            outer = make(parser, E_INDEX, at);
            outer->a = expr;
            parser->at++;
            outer->b = parse_expr(parser);
            if (!take_sign(parser, ']'))
                parser->at = after_balanced(at, parser->end);
        } else if ((at->sign == '.' || at->sign == S2('-', '>')) && at[1].kind == TOKEN_NAME) {
            outer = make(parser, E_MEMBER, at);
            outer->sign = at->sign;
            outer->a = expr;
            outer->name = at[1].text;
            parser->at += 2;
        } else if (at->sign == S2('+', '+') || at->sign == S2('-', '-')) {
            outer = make(parser, E_POSTFIX, at);
            outer->sign = at->sign;
            outer->a = expr;
            parser->at++;
        } else {
            break;
        }
        if (length < LONGEST)
            expr = outer;
    }
    return expr;
}

static bool is_prefix(int sign)
{
    return sign == '&' || sign == '*' || sign == '+' || sign == '-' || sign == '~' || sign == '!' ||
           sign == S2('+', '+') || sign == S2('-', '-') || sign == S2('&', '&');
}

static struct expr *parse_operand(struct parser *parser)
{
    const struct token *at = parser->at;
    while (take_word(parser, "__extension__"))
        at = parser->at;
    if (at->kind != TOKEN_SIGN || !is_prefix(at->sign))
        return parse_postfix(parser);
    struct expr *expr = make(parser, E_PREFIX, at);
    expr->sign = at->sign;
    parser->at++;
    expr->a = parse_unary(parser);
    if (expr->sign == '-' && expr->a->kind == E_NUMBER) {
        expr->a->number = -expr->a->number;
        return expr->a;
    }
    return expr;
}

static struct expr *parse_unary(struct parser *parser)
{
    if (parser->depth > DEEPEST)
        return leave_out(parser);
    parser->depth++;
    struct expr *expr = parse_operand(parser);
    parser->depth--;
    return expr;
}

static int precedence(int sign)
{
    switch (sign) {
    case '*':
    case '/':
    case '%': return 10;
    case '+':
    case '-': return 9;
    case S2('<', '<'):
    case S2('>', '>'): return 8;
    case '<':
    case '>':
    case S2('<', '='):
    case S2('>', '='): return 7;
    case S2('=', '='):
    case S2('!', '='): return 6;
    case '&': return 5;
    case '^': return 4;
    case '|': return 3;
    case S2('&', '&'): return 2;
    case S2('|', '|'): return 1;
    default: return 0;
    }
}

static struct expr *parse_binary(struct parser *parser, int least)
{
    struct expr *left = parse_unary(parser);
    for (int length = 0;; length++) {
        const struct token *at = parser->at;
        int level = at->kind == TOKEN_SIGN ? precedence(at->sign) : 0;
        if (level < least || level == 0)
            return left;
        struct expr *expr = make(parser, E_BINARY, at);
        expr->sign = at->sign;
        expr->a = left;
        parser->at++;
        expr->b = parse_binary(parser, level + 1);
        if (length < LONGEST)
            left = expr;
    }
}

static bool is_assignment(int sign)
{
    return sign == '=' || sign == S2('+', '=') || sign == S2('-', '=') || sign == S2('*', '=') ||
           sign == S2('/', '=') || sign == S2('%', '=') || sign == S2('&', '=') ||
           sign == S2('|', '=') || sign == S2('^', '=') || sign == S3('<', '<', '=') ||
           sign == S3('>', '>', '=');
}

static struct expr *parse_choice(struct parser *parser)
{
    struct expr *condition = parse_binary(parser, 1);
    if (!at_sign(parser, '?'))
        return condition;
    struct expr *expr = make(parser, E_CHOICE, parser->at++);
    expr->a = condition;
    expr->b = at_sign(parser, ':') ? condition : parse_expr(parser);
    take_sign(parser, ':');
    expr->c = parse_assignment(parser);
    return expr;
}

struct expr *parse_assignment(struct parser *parser)
{
    if (parser->depth > DEEPEST)
        return leave_out(parser);
    parser->depth++;
    struct expr *expr = parse_choice(parser);
    const struct token *at = parser->at;
    if (at->kind == TOKEN_SIGN && is_assignment(at->sign)) {
        struct expr *assign = make(parser, E_ASSIGN, at);
        assign->line = expr->line;
        assign->column = expr->column;
        assign->sign = at->sign;
        assign->a = expr;
        parser->at++;
        assign->b = at_sign(parser, '{') ? parse_braced_list(parser) : parse_assignment(parser);
        expr = assign;
    }
    parser->depth--;
    return expr;
}

struct expr *parse_expr(struct parser *parser)
{
    struct expr *expr = parse_assignment(parser);
    for (int length = 0; at_sign(parser, ','); length++) {
        struct expr *comma = make(parser, E_BINARY, parser->at);
        comma->sign = ',';
        comma->a = expr;
        parser->at++;
        comma->b = parse_assignment(parser);
        if (length < LONGEST)
            expr = comma;
    }
    return expr;
}
