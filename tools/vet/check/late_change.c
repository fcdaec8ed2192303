/* cleanup-returned: a cleanup changes a number after its value has been returned, so the caller never sees the change. */
#include "check.h"
#include "names.h"
#include "walk.h"

#include <string.h>

struct change {
    const char *parameter;
    bool found;
};

static bool is_target(const struct expr *expr, const char *parameter)
{
    return expr && expr->kind == E_PREFIX && expr->sign == '*' && expr->a->kind == E_NAME &&
           expr->a->name == parameter;
}

static void ask_change(void *data, const struct expr *expr)
{
    struct change *change = data;
    bool step = expr->kind == E_POSTFIX || (expr->kind == E_PREFIX && (expr->sign == S2('+', '+') ||
                                                                       expr->sign == S2('-', '-')));
    change->found |= (expr->kind == E_ASSIGN || step) && is_target(expr->a, change->parameter);
}

/* Does the function of the file set what its parameter points to, and release nothing? */
static bool changes_value(const struct ir *ir, const char *cleanup)
{
    const struct function *function = cleanup ? function_of(ir, cleanup) : NULL;
    if (!function || function->parameters.count != 1 || !function->parameters.at[0].name ||
        name_releases(cleanup) == 2)
        return false;
    struct change change = {.parameter = function->parameters.at[0].name};
    each_expression(function->body, ask_change, &change);
    return change.found;
}

static bool is_number(const struct decl *decl)
{
    return decl->type.stars == 0 && !decl->type.is_array && decl->type.count > 0 &&
           !decl->type.is_static;
}

static void visit(struct walk *walk, const struct stmt *stmt)
{
    if (stmt->kind != S_RETURN || !stmt->value || stmt->value->kind != E_NAME)
        return;
    const struct live *live = live_find(&walk->live, stmt->value->name);
    const struct decl *decl = live ? live->decl : NULL;
    if (!decl || !decl->cleanup || !decl->attribute || strcmp(decl->attribute, "cleanup") != 0 ||
        !is_number(decl) || !changes_value(walk->ir, decl->cleanup))
        return;
    struct finding *finding = walk_report(walk, "cleanup-returned", stmt->line, stmt->column);
    finding->about = decl->name;
    finding->message = arena_format(
        walk->arena, "the cleanup changes '%s' after its value was returned", decl->name);
    finding_note(walk->arena, finding, decl->line, decl->column, "declared with a cleanup here");
    finding->advice = "change it before the return, or return it through a pointer";
}

void check_late_changes(struct ir *ir, struct arena *arena, finding_vec *findings)
{
    struct walk walk = {.ir = ir, .arena = arena, .findings = findings, .statement = visit};
    walk_function(&walk);
}
