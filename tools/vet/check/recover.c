/* recover-useless: an lg_defer_recover that can stop no panic. recover-clobbered: a local variable that is changed after
 * an lg_defer_recover, and read by a cleanup that runs after the recovery; its value is indeterminate then. */
#include "check.h"
#include "edit.h"
#include "names.h"
#include "walk.h"

#include <string.h>

static bool is_recover(const struct stmt *stmt)
{
    return stmt->kind == S_DEFER && stmt->name && strcmp(stmt->name, "lg_defer_recover") == 0;
}

/* ---- recover-useless ------------------------------------------------------------------------------ */

/* The form of lg_func around, or NULL; `deferred`: is a deferred block between? */
static const char *form_around(const struct walk *walk, bool *deferred)
{
    for (int i = walk->around.count - 1; i >= 0; i--) {
        const struct stmt *around = walk->around.at[i];
        *deferred |= around->kind == S_DEFER;
        if (around->kind == S_BLOCK && around->name && strncmp(around->name, "lg_func", 7) == 0)
            return around->name;
    }
    return NULL;
}

static void ask_call(void *data, const struct expr *expr)
{
    if (expr->kind == E_CALL && !(expr->name && strncmp(expr->name, "lg_return", 9) == 0))
        *(bool *)data = true;
    if (expr->kind == E_MEMBER || expr->kind == E_INDEX ||
        (expr->kind == E_PREFIX && expr->sign == '*'))
        *(bool *)data = true; /* may fault */
}

/* Does anything follow in the block that could panic? */
static bool guards_something(const struct walk *walk, const struct stmt *stmt)
{
    const struct stmt *block = walk->around.count > 0 ? walk->around.at[walk->around.count - 1]
                                                      : NULL;
    if (!block || block->kind != S_BLOCK)
        return block == NULL;
    bool after = false, works = false;
    for (int i = 0; i < block->list.count; i++) {
        if (after)
            each_expression(block->list.at[i], ask_call, &works);
        after |= block->list.at[i] == stmt;
    }
    return works;
}

static const char *why_useless(const struct walk *walk, const struct stmt *stmt,
                               const char **advice)
{
    bool deferred = false;
    const char *form = form_around(walk, &deferred);
    *advice = "put it into an lg_func_recovers block, above the code that may panic";
    if (deferred)
        return "lg_defer_recover in a deferred block comes too late: the panic is already under way";
    if (!form)
        return "lg_defer_recover outside of an lg_func_recovers block can stop no panic";
    if (strncmp(form, "lg_func_recovers", 16) != 0)
        return "lg_defer_recover in a plain lg_func can stop no panic: the function does not recover";
    *advice = "move it above the code that may panic";
    return guards_something(walk, stmt)
               ? NULL
               : "nothing that could panic follows this lg_defer_recover in its block";
}

static void check_useless(struct walk *walk, const struct stmt *stmt)
{
    const char *advice, *message = is_recover(stmt) ? why_useless(walk, stmt, &advice) : NULL;
    if (!message)
        return;
    struct finding *finding = walk_report(walk, "recover-useless", stmt->line, stmt->column);
    finding->message = message;
    finding->advice = advice;
}

static void check_null_recover(struct walk *walk, const struct expr *expr)
{
    if (!calls(expr, "lg_recover") || expr->args.count != 1 || !expr_is_null(expr->args.at[0]))
        return;
    struct finding *finding = walk_report(walk, "recover-useless", expr->line, expr->column);
    finding->message = "lg_recover(NULL) stops no panic";
    finding->advice =
        "pass the lg_panic_info that a function deferred with lg_defer_recover receives";
}

/* ---- recover-clobbered ---------------------------------------------------------------------------- */

struct change {
    const char *name;
    int line, column, after;
    bool escapes;
};

static void ask_change(void *data, const struct expr *expr)
{
    struct change *change = data;
    bool changes = (expr->kind == E_ASSIGN || expr->kind == E_POSTFIX || expr->kind == E_PREFIX) &&
                   expr->a && expr->a->kind == E_NAME && expr->a->name == change->name &&
                   (expr->kind == E_ASSIGN || expr->sign == S2('+', '+') ||
                    expr->sign == S2('-', '-'));
    change->escapes |= expr_is_address(expr) && expr_name(expr) == change->name;
    if (!changes || change->line || expr->line <= change->after)
        return;
    change->line = expr->line;
    change->column = expr->column;
}

static bool is_volatile(const struct walk *walk, const struct decl *decl)
{
    /* The parser drops `volatile`: it stands in the line of the declaration. */
    EACH (token, &walk->ir->unit->lexed.tokens)
        if (token->line == decl->line && token->kind == TOKEN_NAME &&
            strcmp(token->text, "volatile") == 0)
            return true;
    return false;
}

/* A block deferred before the recover runs after it. */
static const struct live *reader_before(const struct walk *walk, const char *name)
{
    EACH (live, &walk->live) {
        if (live->decl || live->stmt->kind != S_DEFER || live->stmt->name)
            continue;
        struct mention reading = {.name = name};
        each_expression(live->stmt->then, ask_mention, &reading);
        if (reading.found)
            return live;
    }
    return NULL;
}

static void check_clobbered(struct walk *walk, const struct stmt *stmt)
{
    bool deferred = false;
    const char *form = is_recover(stmt) ? form_around(walk, &deferred) : NULL;
    if (!form || deferred || strncmp(form, "lg_func_recovers", 16) != 0)
        return;
    EACH (variable, &walk->live) {
        const struct live *reader = variable->decl && !variable->decl->type.is_array &&
                                            !variable->decl->type.is_static
                                        ? reader_before(walk, variable->name)
                                        : NULL;
        if (!reader || is_volatile(walk, variable->decl))
            continue;
        struct change change = {.name = variable->name, .after = stmt->line};
        each_expression(walk->ir->function->body, ask_change, &change);
        if (!change.line || change.escapes)
            continue;
        struct finding *finding = walk_report(walk, "recover-clobbered", change.line,
                                              change.column);
        finding->message = arena_format(
            walk->arena,
            "'%s' is changed here, and read by a deferred block after a panic was recovered: its value is indeterminate then",
            variable->name);
        finding_note(walk->arena, finding, reader->line, reader->column, "read here");
        finding_note(walk->arena, finding, stmt->line, stmt->column, "recovered here");
        finding->advice = arena_format(walk->arena, "declare '%s' volatile", variable->name);
        edit_before(walk->ir->unit, finding,
                    edit_token(walk->ir->unit, variable->decl->line, variable->decl->column),
                    "volatile ");
    }
}

static void visit(struct walk *walk, const struct stmt *stmt)
{
    check_useless(walk, stmt);
    check_clobbered(walk, stmt);
}

void check_recovers(struct ir *ir, struct arena *arena, finding_vec *findings)
{
    struct walk walk = {.ir = ir,
                        .arena = arena,
                        .findings = findings,
                        .statement = visit,
                        .expression = check_null_recover};
    walk_function(&walk);
}
