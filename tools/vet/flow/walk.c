#include "walk.h"

#include <string.h>

/* ---- expressions --------------------------------------------------------------------------------- */

void ask_mention(void *data, const struct expr *expr)
{
    struct mention *mention = data;
    mention->found |= expr->kind == E_NAME && expr->name == mention->name;
}

void each_within(const struct expr *expr, expression_fn *visit, void *data)
{
    if (!expr)
        return;
    visit(data, expr);
    each_within(expr->a, visit, data);
    if (expr->b != expr->a)
        each_within(expr->b, visit, data);
    each_within(expr->c, visit, data);
    for (int i = 0; i < expr->args.count; i++)
        each_within(expr->args.at[i], visit, data);
    if (expr->body)
        each_expression(expr->body, visit, data);
}

void each_expression(const struct stmt *stmt, expression_fn *visit, void *data)
{
    if (!stmt)
        return;
    EACH (decl, &stmt->decls)
        each_within(decl->value, visit, data);
    each_expression(stmt->first, visit, data);
    each_within(stmt->value, visit, data);
    each_expression(stmt->then, visit, data);
    each_within(stmt->step, visit, data);
    each_expression(stmt->otherwise, visit, data);
    for (int i = 0; i < stmt->list.count; i++)
        each_expression(stmt->list.at[i], visit, data);
}

const char *expr_name(const struct expr *expr)
{
    while (expr && (expr->kind == E_CAST || expr_is_address(expr)))
        expr = expr->a;
    return expr && expr->kind == E_NAME ? expr->name : NULL;
}

const char *expr_root(const struct expr *expr)
{
    while (expr && (expr->kind == E_CAST || expr->kind == E_INDEX ||
                    (expr->kind == E_MEMBER && expr->sign == '.')))
        expr = expr->a;
    return expr && expr->kind == E_NAME ? expr->name : NULL;
}

bool expr_is_address(const struct expr *expr)
{
    return expr && expr->kind == E_PREFIX && expr->sign == '&';
}

bool expr_is_null(const struct expr *expr)
{
    while (expr && expr->kind == E_CAST)
        expr = expr->a;
    return expr && ((expr->kind == E_NUMBER && expr->number == 0) ||
                    (expr->kind == E_NAME && strcmp(expr->name, "NULL") == 0));
}

bool calls(const struct expr *expr, const char *name)
{
    return expr && expr->kind == E_CALL && expr->name && strcmp(expr->name, name) == 0;
}

const struct expr *call_argument(const struct expr *call, int index)
{
    return index < call->args.count ? call->args.at[index] : NULL;
}

const struct expr *call_of(const struct stmt *stmt)
{
    if (stmt && stmt->kind == S_BLOCK && stmt->list.count == 1)
        stmt = stmt->list.at[0];
    if (!stmt || stmt->kind != S_EXPR || !stmt->value)
        return NULL;
    const struct expr *value = stmt->value;
    while (value->kind == E_CAST || value->kind == E_ASSIGN)
        value = value->kind == E_CAST ? value->a : value->b;
    return value && value->kind == E_CALL ? value : NULL;
}

const struct function *function_of(const struct ir *ir, const char *name)
{
    EACH (function, &ir->unit->functions)
        if (function->name == name)
            return function;
    return NULL;
}

/* ---- statements ---------------------------------------------------------------------------------- */

bool walk_inside(const struct walk *walk, const struct stmt *stmt)
{
    EACH (around, &walk->around)
        if (*around == stmt)
            return true;
    return false;
}

static bool is_loop(const struct stmt *stmt)
{
    return stmt->kind == S_WHILE || stmt->kind == S_DO || stmt->kind == S_FOR ||
           stmt->kind == S_EACH;
}

const struct stmt *walk_loop(const struct walk *walk)
{
    for (int i = walk->around.count - 1; i >= 0; i--)
        if (is_loop(walk->around.at[i]))
            return walk->around.at[i];
    return NULL;
}

const struct live *live_find(const live_vec *live, const char *name)
{
    for (int i = live->count - 1; i >= 0; i--)
        if (live->at[i].name && live->at[i].name == name)
            return &live->at[i];
    return NULL;
}

struct finding *walk_report(struct walk *walk, const char *check, int line, int column)
{
    return finding_add(walk->arena, walk->findings, check, LEVEL_SURE, walk->ir->unit->path,
                       walk->ir->function->name, line, column);
}

static void begin_living(struct walk *walk, const struct live *live)
{
    *ADD(walk->arena, &walk->live) = *live;
}

static void declare(struct walk *walk, const struct stmt *stmt)
{
    EACH (decl, &stmt->decls)
        begin_living(walk, &(struct live){.decl = decl,
                                          .stmt = stmt,
                                          .name = decl->name,
                                          .line = decl->line,
                                          .column = decl->column,
                                          .runs = (decl->cleanup || decl->attribute) &&
                                                  !decl->type.is_static});
}

static bool is_guard(const struct expr *call)
{
    static const char *const guards[] = {"QEMU_LOCK_GUARD", "G_MUTEX_AUTO_LOCK", NULL};
    return (call->name && word_in(call->name, guards)) ||
           (!call->name && call->a && calls(call->a, "guard"));
}

/* lg_scope(s); lg_group_scope(g, &err); guard(mutex)(&lock); and deferred calls */
static void register_statement(struct walk *walk, const struct stmt *stmt)
{
    struct live live = {.stmt = stmt, .line = stmt->line, .column = stmt->column, .runs = true};
    if (stmt->kind == S_DEFER) {
        if (stmt->name && strcmp(stmt->name, "lg_defer_in") == 0)
            return;
        live.name = expr_name(stmt->step);
        begin_living(walk, &live);
        return;
    }
    const struct expr *call = stmt->kind == S_EXPR && stmt->value && stmt->value->kind == E_CALL
                                  ? stmt->value
                                  : NULL;
    if (!call)
        return;
    if (calls(call, "lg_scope") || calls(call, "lg_group_scope"))
        live.name = expr_name(call_argument(call, 0));
    else if (!is_guard(call))
        return;
    begin_living(walk, &live);
}

static void visit_expression(void *data, const struct expr *expr)
{
    struct walk *walk = data;
    if (walk->expression)
        walk->expression(walk, expr);
}

static void walk_any(struct walk *walk, const struct stmt *stmt)
{
    if (!stmt)
        return;
    if (walk->statement)
        walk->statement(walk, stmt);
    int alive = walk->live.count;
    *ADD(walk->arena, &walk->around) = stmt;
    walk_any(walk, stmt->first);
    EACH (decl, &stmt->decls)
        each_within(decl->value, visit_expression, walk);
    each_within(stmt->value, visit_expression, walk);
    walk_any(walk, stmt->then);
    each_within(stmt->step, visit_expression, walk);
    walk_any(walk, stmt->otherwise);
    for (int i = 0; i < stmt->list.count; i++)
        walk_any(walk, stmt->list.at[i]);
    walk->around.count--;
    walk->live.count = alive;
    if (stmt->kind == S_DECL)
        declare(walk, stmt);
    else
        register_statement(walk, stmt);
}

void walk_function(struct walk *walk)
{
    walk_any(walk, walk->ir->function->body);
}
