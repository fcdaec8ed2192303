/* Expressions become calls, assignments and branches; what is left is an operand. */
#include "lower.h"
#include "names.h"

#include <stdio.h>
#include <string.h>

int variable(struct lowering *lowering, const char *name)
{
    for (struct scope *scope = lowering->scope; scope; scope = scope->outer)
        for (int i = scope->names.count - 1; i >= 0; i--)
            if (scope->names.at[i].name == name)
                return scope->names.at[i].place;
    struct ir *ir = lowering->ir;
    int place = (int)(intptr_t)map_get(&ir->place_by_text, name) - 1;
    if (place < 0) {
        place = place_new(ir, P_GLOBAL, name);
        map_set(&ir->place_by_text, name, (void *)(intptr_t)(place + 1));
    }
    return place;
}

bool known_variable(const struct lowering *lowering, const char *name)
{
    for (struct scope *scope = lowering->scope; scope; scope = scope->outer)
        EACH (binding, &scope->names)
            if (binding->name == name)
                return true;
    return false;
}

static const char *index_suffix(struct lowering *lowering, const struct expr *index, int *by)
{
    char text[160];
    struct operand at = index->kind == E_NUMBER ? number(index->number)
                                                : lower_expr(lowering, index);
    *by = at.kind == O_PLACE ? at.place : -1;
    if (at.kind == O_NUMBER)
        snprintf(text, sizeof(text), "[%ld]", at.number);
    else if (at.kind == O_PLACE || at.kind == O_SYMBOL)
        snprintf(text, sizeof(text), "[%.120s]",
                 at.kind == O_PLACE ? place_text(lowering->ir, at.place) : at.text);
    else
        snprintf(text, sizeof(text), "[]");
    return intern_string(text);
}

static int part_of(struct lowering *lowering, const struct expr *base, const char *suffix,
                   bool through)
{
    /* (&x)->field is x.field */
    if (through && base->kind == E_PREFIX && base->sign == '&') {
        int inner = place_of(lowering, base->a);
        char text[160];
        snprintf(text, sizeof(text), ".%.150s", suffix + 2);
        return inner < 0 ? -1
                         : place_part(lowering->ir, inner,
                                      suffix[0] == '-' ? intern_string(text) : suffix, false);
    }
    int parent = place_of(lowering, base);
    return parent < 0 ? -1 : place_part(lowering->ir, parent, suffix, through);
}

int place_of(struct lowering *lowering, const struct expr *expr)
{
    if (!expr || ++lowering->depth > DEEPEST) {
        lowering->depth -= expr != NULL;
        return -1;
    }
    int place = -1;
    char text[160];
    switch (expr->kind) {
    case E_NAME: place = variable(lowering, expr->name); break;
    case E_CAST: place = place_of(lowering, expr->a); break;
    case E_MEMBER:
        snprintf(text, sizeof(text), "%s%.150s", expr->sign == '.' ? "." : "->", expr->name);
        place = part_of(lowering, expr->a, intern_string(text), expr->sign != '.');
        break;
    case E_INDEX: {
        int by;
        const char *suffix = index_suffix(lowering, expr->b, &by);
        place = part_of(lowering, expr->a, suffix, false);
        if (place >= 0)
            lowering->ir->places.at[place].index = by;
        break;
    }
    case E_PREFIX:
        if (expr->sign == '*' && expr->a->kind == E_PREFIX && expr->a->sign == '&')
            place = place_of(lowering, expr->a->a);
        else if (expr->sign == '*')
            place = part_of(lowering, expr->a, "*", true);
        break;
    default: {
        struct operand value = lower_expr(lowering, expr);
        place = value.kind == O_PLACE ? value.place : -1;
    }
    }
    lowering->depth--;
    return place;
}

static void describe(const struct ir *ir, const struct operand *operand, char *text, size_t room)
{
    switch (operand->kind) {
    case O_PLACE: snprintf(text, room, "%s", ir->places.at[operand->place].text); break;
    case O_ADDRESS: snprintf(text, room, "&%s", ir->places.at[operand->place].text); break;
    case O_NUMBER: snprintf(text, room, "%ld", operand->number); break;
    case O_SYMBOL:
    case O_STRING: snprintf(text, room, "%s", operand->text); break;
    default: snprintf(text, room, "?"); break;
    }
}

struct operand value_of(struct lowering *lowering, const char *name, const struct operand *parts,
                        int count)
{
    char text[1024];
    size_t length = (size_t)snprintf(text, sizeof(text), "%.60s(", name);
    int places[16], places_count = 0;
    bool definite = true;
    for (int i = 0; i < count && length < 900; i++) {
        char one[256];
        describe(lowering->ir, &parts[i], one, sizeof(one));
        length += (size_t)snprintf(text + length, sizeof(text) - length, "%s,", one);
        definite &= parts[i].kind != O_UNKNOWN;
        if (parts[i].place >= 0 && places_count < 16)
            places[places_count++] = parts[i].place;
    }
    if (!definite || length >= 900)
        snprintf(text, sizeof(text), "%.60s#%d", name, lowering->temporaries++);
    return at_place(place_value(lowering->ir, text, places, places_count));
}

static struct operand lower_name(struct lowering *lowering, const struct expr *expr)
{
    const char *name = expr->name;
    if (known_variable(lowering, name))
        return at_place(variable(lowering, name));
    if (strcmp(name, "NULL") == 0 || strcmp(name, "false") == 0 || strcmp(name, "FALSE") == 0 ||
        strcmp(name, "nullptr") == 0 || strcmp(name, "EXIT_SUCCESS") == 0)
        return number(0);
    if (strcmp(name, "true") == 0 || strcmp(name, "TRUE") == 0 || strcmp(name, "EXIT_FAILURE") == 0)
        return number(1);
    long negative = macro_negative(macros_find(&lowering->ir->unit->macros, name));
    if (negative)
        return number(negative);
    if (name_is_constant(name))
        return (struct operand){.kind = O_SYMBOL, .place = -1, .text = name};
    return at_place(variable(lowering, name));
}

static struct operand lower_boolean(struct lowering *lowering, const struct expr *expr)
{
    int yes = label_new(lowering), no = label_new(lowering), end = label_new(lowering);
    int result = temporary(lowering);
    lower_condition(lowering, expr, yes, no);
    label_here(lowering, yes);
    emit_assign(lowering, result, number(1), expr);
    emit_jump(lowering, end);
    label_here(lowering, no);
    emit_assign(lowering, result, number(0), expr);
    label_here(lowering, end);
    return at_place(result);
}

static struct operand lower_choice(struct lowering *lowering, const struct expr *expr)
{
    int yes = label_new(lowering), no = label_new(lowering), end = label_new(lowering);
    int result = temporary(lowering);
    if (expr->a == expr->b) { /* a ?: c */
        struct operand first = lower_expr(lowering, expr->a);
        emit_assign(lowering, result, first, expr);
        emit_branch(lowering, first, S2('!', '='), number(0), end, no, expr);
    } else {
        lower_condition(lowering, expr->a, yes, no);
        label_here(lowering, yes);
        lower_into(lowering, result, expr->b);
        emit_jump(lowering, end);
    }
    label_here(lowering, no);
    lower_into(lowering, result, expr->c);
    label_here(lowering, end);
    return at_place(result);
}

bool is_comparison(int sign)
{
    return sign == S2('=', '=') || sign == S2('!', '=') || sign == '<' || sign == '>' ||
           sign == S2('<', '=') || sign == S2('>', '=');
}

static const char *sign_name(int sign)
{
    char text[5] = {(char)sign, (char)(sign >> 8), (char)(sign >> 16)};
    return intern_string(text);
}

static struct operand lower_binary(struct lowering *lowering, const struct expr *expr)
{
    if (expr->sign == ',') {
        lower_expr(lowering, expr->a);
        return lower_expr(lowering, expr->b);
    }
    if (expr->sign == S2('&', '&') || expr->sign == S2('|', '|') || is_comparison(expr->sign))
        return lower_boolean(lowering, expr);
    struct operand sides[2] = {lower_expr(lowering, expr->a)};
    sides[1] = lower_expr(lowering, expr->b);
    return value_of(lowering, sign_name(expr->sign), sides, 2);
}

static const struct expr *uncast(const struct expr *expr)
{
    while (expr->kind == E_CAST)
        expr = expr->a;
    return expr;
}

static struct operand lower_prefix(struct lowering *lowering, const struct expr *expr)
{
    int sign = expr->sign;
    if (sign == '!')
        return lower_boolean(lowering, expr);
    if (sign == '&' || sign == S2('&', '&')) {
        int place = place_of(lowering, expr->a);
        return place < 0 ? unknown() : (struct operand){.kind = O_ADDRESS, .place = place};
    }
    if (sign == '*')
        return at_place(place_of(lowering, expr));
    struct operand inner = lower_expr(lowering, expr->a);
    if (sign == '+')
        return inner;
    if (sign == '-' && uncast(expr->a)->kind == E_CALL)
        return inner; /* error = -pool_create(&pool): a status that has the other sign elsewhere */
    struct operand result = value_of(lowering, sign_name(sign), &inner, 1);
    if ((sign == S2('+', '+') || sign == S2('-', '-')) && inner.kind == O_PLACE)
        emit_assign(lowering, inner.place, result, expr);
    return result;
}

/* INFO_OF(core) = info, user_name(user) = name: a call that is set is a macro, and what it names has the value from then on. */
static int target_of(struct lowering *lowering, const struct expr *target)
{
    int place = place_of(lowering, target);
    return target->kind == E_CALL && target->name ? place_new(lowering->ir, P_GLOBAL, target->name)
                                                  : place;
}

static struct operand lower_assign(struct lowering *lowering, const struct expr *expr)
{
    if (expr->sign == '=') {
        int dst = target_of(lowering, expr->a);
        if (dst < 0)
            return lower_expr(lowering, expr->b);
        lower_into(lowering, dst, expr->b);
        return at_place(dst);
    }
    struct operand sides[2] = {lower_expr(lowering, expr->b)};
    int dst = place_of(lowering, expr->a);
    sides[1] = at_place(dst);
    if (dst >= 0)
        emit_assign(lowering, dst, value_of(lowering, sign_name(expr->sign), sides, 2), expr);
    return at_place(dst);
}

static struct operand lower_list(struct lowering *lowering, const struct expr *list)
{
    struct operand parts[16];
    int count = 0;
    for (int i = 0; i < list->args.count; i++) {
        const struct expr *item = list->args.at[i];
        struct operand value = lower_expr(lowering, item->kind == E_DESIGNATED ? item->a : item);
        if (count < 16)
            parts[count++] = value;
    }
    struct operand whole = value_of(lowering, "{}", parts, count);
    lowering->ir->places.at[whole.place].holds = true;
    return whole;
}

static struct operand lower_block_value(struct lowering *lowering, const struct expr *expr)
{
    const struct stmt *block = expr->body;
    int count = block->list.count;
    const struct stmt *last = count > 0 ? block->list.at[count - 1] : NULL;
    if (!last || last->kind != S_EXPR) {
        lower_stmt(lowering, block);
        return unknown();
    }
    struct stmt front = *block;
    struct scope scope = {
        .outer = lowering->scope, .block = block, .break_to = -1, .continue_to = -1};
    lowering->scope = &scope;
    for (int i = 0; i < count - 1; i++)
        lower_stmt(lowering, front.list.at[i]);
    struct operand value = lower_expr(lowering, last->value);
    lowering->scope = scope.outer;
    return value;
}

static struct operand lower_jump(struct lowering *lowering, const struct expr *expr)
{
    int yes = label_new(lowering), no = label_new(lowering);
    emit_branch(lowering, unknown(), 0, unknown(), yes, no, expr);
    label_here(lowering, yes);
    lower_stmt(lowering, expr->body);
    label_here(lowering, no);
    return unknown();
}

static struct operand lower_any(struct lowering *lowering, const struct expr *expr)
{
    switch (expr->kind) {
    case E_NONE:
    case E_SIZEOF: return unknown();
    case E_DESIGNATED: return lower_expr(lowering, expr->a);
    case E_NAME: return lower_name(lowering, expr);
    case E_NUMBER: return number(expr->number);
    case E_STRING: {
        struct operand string = {.kind = O_STRING, .place = -1, .number = expr->number};
        string.text = arena_copy(lowering->arena, expr->name, (size_t)expr->number);
        return string;
    }
    case E_CALL: return lower_call(lowering, expr, -1);
    case E_PREFIX: return lower_prefix(lowering, expr);
    case E_POSTFIX: {
        struct operand inner = lower_expr(lowering, expr->a);
        struct operand result = value_of(lowering, sign_name(expr->sign), &inner, 1);
        if (inner.kind == O_PLACE)
            emit_assign(lowering, inner.place, result, expr);
        return result;
    }
    case E_BINARY: return lower_binary(lowering, expr);
    case E_ASSIGN: return lower_assign(lowering, expr);
    case E_CHOICE: return lower_choice(lowering, expr);
    case E_INDEX:
    case E_MEMBER: return at_place(place_of(lowering, expr));
    case E_CAST: return lower_expr(lowering, expr->a);
    case E_LIST: return lower_list(lowering, expr);
    case E_BLOCK: return lower_block_value(lowering, expr);
    case E_JUMP: return lower_jump(lowering, expr);
    }
    return unknown();
}

struct operand lower_expr(struct lowering *lowering, const struct expr *expr)
{
    if (!expr || lowering->depth > DEEPEST)
        return unknown();
    lowering->depth++;
    struct operand value = lower_any(lowering, expr);
    lowering->depth--;
    return value;
}

void lower_into(struct lowering *lowering, int dst, const struct expr *expr)
{
    if (!expr)
        return;
    const struct expr *inner = uncast(expr);
    if (inner->kind == E_CALL) {
        struct operand value = lower_call(lowering, inner, dst);
        if (value.kind != O_PLACE || value.place != dst)
            emit_assign(lowering, dst, value, expr);
    } else if (inner->kind == E_LIST) {
        emit_assign(lowering, dst, unknown(), expr);
        for (int i = 0; i < inner->args.count; i++) {
            const struct expr *item = inner->args.at[i];
            char suffix[160];
            if (item->kind == E_DESIGNATED)
                snprintf(suffix, sizeof(suffix), ".%.150s", item->name);
            else
                snprintf(suffix, sizeof(suffix), "[%d]", i);
            const struct expr *value = item->kind == E_DESIGNATED ? item->a : item;
            if (value->kind == E_NUMBER && value->number == 0 && inner->args.count == 1)
                continue;
            lower_into(lowering, place_part(lowering->ir, dst, intern_string(suffix), false),
                       value);
        }
    } else {
        emit_assign(lowering, dst, lower_expr(lowering, expr), expr);
    }
}
