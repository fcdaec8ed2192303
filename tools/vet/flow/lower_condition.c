/* Conditions become branches, one for each side of && and ||. */
#include "lower.h"
#include "names.h"

#include <string.h>

/* 1: #define BE(expr, val) __builtin_expect(expr, val); -1: the opposite of its argument; 0: something else */
static int hints(const struct lowering *lowering, const char *name)
{
    const struct macro *macro = macros_find(&lowering->ir->unit->macros, name);
    int negated = 0, compared = 0;
    if (!macro || !macro->function_like || macro->body.count > 12 ||
        !macro_calls(macro, "__builtin_expect"))
        return 0;
    EACH (token, &macro->body) {
        negated += token->sign == '!';
        compared += token->sign == S2('=', '=');
    }
    bool same = (negated + compared) % 2 == 0;
    return same ? 1 : compared == 0 ? -1 : 0;
}

static bool lower_special_condition(struct lowering *lowering, const struct expr *expr, int yes,
                                    int no)
{
    const char *name = expr->name;
    int same = name && expr->args.count > 0 ? hints(lowering, name) : 0;
    if (same) {
        lower_condition(lowering, expr->args.at[0], same > 0 ? yes : no, same > 0 ? no : yes);
        return true;
    }
    if (!name || expr->args.count != 1)
        return false;
    /* An error pointer counts as a null pointer. */
    if (strcmp(name, "IS_ERR") == 0 || strcmp(name, "IS_ERR_OR_NULL") == 0 ||
        strcmp(name, "isempty") == 0) {
        lower_condition(lowering, expr->args.at[0], no, yes);
        return true;
    }
    if (name_is_likely(name)) {
        lower_condition(lowering, expr->args.at[0], yes, no);
        return true;
    }
    return false;
}

static void lower_comparison(struct lowering *lowering, const struct expr *expr, int yes, int no)
{
    struct operand left = lower_expr(lowering, expr->a);
    struct operand right = lower_expr(lowering, expr->b);
    emit_branch(lowering, left, expr->sign, right, yes, no, expr);
}

void lower_condition(struct lowering *lowering, const struct expr *expr, int yes, int no)
{
    if (!expr || lowering->depth > DEEPEST) {
        emit_branch(lowering, unknown(), 0, unknown(), yes, no, expr);
        return;
    }
    lowering->depth++;
    if (expr->kind == E_PREFIX && expr->sign == '!') {
        lower_condition(lowering, expr->a, no, yes);
    } else if (expr->kind == E_BINARY &&
               (expr->sign == S2('&', '&') || expr->sign == S2('|', '|'))) {
        bool both = expr->sign == S2('&', '&');
        int middle = label_new(lowering);
        lower_condition(lowering, expr->a, both ? middle : yes, both ? no : middle);
        label_here(lowering, middle);
        lower_condition(lowering, expr->b, yes, no);
    } else if (expr->kind == E_BINARY && is_comparison(expr->sign)) {
        lower_comparison(lowering, expr, yes, no);
    } else if (expr->kind == E_BINARY && expr->sign == ',') {
        lower_expr(lowering, expr->a);
        lower_condition(lowering, expr->b, yes, no);
    } else if (expr->kind == E_CALL && lower_special_condition(lowering, expr, yes, no)) {
        /* done */
    } else {
        struct operand value = lower_expr(lowering, expr);
        if (value.kind == O_NUMBER)
            emit_jump(lowering, value.number ? yes : no);
        else
            emit_branch(lowering, value, S2('!', '='), number(0), yes, no, expr);
    }
    lowering->depth--;
}
