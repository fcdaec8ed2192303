/* Deferred calls: what they captured is changed, they panic, they stand in a loop, or hold an object that ends first. */
#include "check.h"
#include "names.h"
#include "walk.h"

#include <string.h>

/* lg_defer(fn, args…) and the forms that capture their arguments; not defer { }. */
static const struct expr *captured_call(const struct stmt *stmt)
{
    if (stmt->kind != S_DEFER || !stmt->name || strcmp(stmt->name, "lg_defer_in") == 0)
        return NULL;
    const struct expr *call = stmt->then ? stmt->then->value : NULL;
    return call && call->kind == E_CALL ? call : NULL;
}

/* ---- defer-changed -------------------------------------------------------------------------------- */

struct change {
    const struct expr *call;
    const char *name, *handle; /* the variable; the name of lg_defer_as */
    bool is_pointer, unset, dismissed, releases;
    int line, column;
};

static void ask_member(void *data, const struct expr *expr)
{
    const char **name = data;
    if ((expr->kind == E_MEMBER || expr->kind == E_INDEX) && expr_name(expr->a) == *name)
        *name = NULL;
}

static bool uses_member(const struct expr *expr, const char *name)
{
    each_within(expr, ask_member, &name);
    return name == NULL;
}

static bool steps_to(const char *callee)
{
    static const char *const words[] = {"next",    "prev", "parent", "child", "sibling",
                                        "first",   "last", "tail",   "head",  "skip",
                                        "advance", "left", "right",  "step",  NULL};
    static const char *const owning[] = {"get", "ref", "new", "dup", "open", "take", NULL};
    return name_has_any(callee, words) && !name_has_any(callee, owning);
}

struct cursor_question {
    const char *name, *source;
    bool cursor;
};

/* next = node->next; … node = next: a walk, which leaves what was captured as it is. */
static void ask_cursor(void *data, const struct expr *expr)
{
    struct cursor_question *question = data;
    if (expr->kind == E_ASSIGN && expr_name(expr->a) == question->source)
        question->cursor |= uses_member(expr->b, question->name);
}

static void ask_cursor_decls(const struct stmt *stmt, struct cursor_question *question)
{
    if (!stmt)
        return;
    EACH (decl, &stmt->decls)
        if (decl->name == question->source && decl->value)
            question->cursor |= uses_member(decl->value, question->name) ||
                                (decl->value->kind == E_CALL && decl->value->name &&
                                 steps_to(decl->value->name));
    ask_cursor_decls(stmt->first, question);
    ask_cursor_decls(stmt->then, question);
    ask_cursor_decls(stmt->otherwise, question);
    for (int i = 0; i < stmt->list.count; i++)
        ask_cursor_decls(stmt->list.at[i], question);
}

static bool is_cursor(const struct walk *walk, const char *name, const struct expr *value)
{
    if (uses_member(value, name))
        return true;
    if (value->kind == E_CALL && value->name && steps_to(value->name))
        return true;
    struct cursor_question question = {.name = name, .source = expr_name(value)};
    if (!question.source)
        return value->kind != E_CALL && value->kind != E_NUMBER && value->kind != E_NAME &&
               value->kind != E_CHOICE;
    each_expression(walk->ir->function->body, ask_cursor, &question);
    ask_cursor_decls(walk->ir->function->body, &question);
    return question.cursor;
}

/* A variable that tells how things went. */
static bool is_outcome(const char *name)
{
    static const char *const words[] = {"status",  "result", "err",   "error",  "r",     "rc",
                                        "ret",     "code",   "ok",    "failed", "state", "success",
                                        "outcome", "res",    "errno", "retval", "rv",    NULL};
    return name_has_any(name, words);
}

struct change_search {
    const struct walk *walk;
    struct change *change;
};

static void find_change(void *data, const struct expr *expr)
{
    struct change_search *search = data;
    struct change *change = search->change;
    if (expr->kind == E_CALL && expr->name && change->handle &&
        strncmp(expr->name, "lg_deferred_", 12) == 0 && expr->args.count == 1 &&
        expr_name(expr->args.at[0]) == change->handle)
        change->dismissed = true;
    if (change->line)
        return;
    bool changed = false;
    if (expr->kind == E_ASSIGN && expr->a->kind == E_NAME && expr->a->name == change->name) {
        if (expr->sign == '=')
            changed = !is_cursor(search->walk, change->name, expr->b);
        else
            changed = !change->is_pointer && !change->releases;
    } else if ((expr->kind == E_POSTFIX || (expr->kind == E_PREFIX && expr->sign != '&')) &&
               (expr->sign == S2('+', '+') || expr->sign == S2('-', '-'))) {
        changed = expr->a->kind == E_NAME && expr->a->name == change->name && !change->is_pointer &&
                  !change->releases;
    } else if (expr->kind == E_CALL && change->unset) {
        for (int i = 0; i < expr->args.count; i++)
            changed |= expr_is_address(expr->args.at[i]) &&
                       expr_name(expr->args.at[i]) == change->name;
    }
    if (changed && !change->releases && !change->is_pointer && !is_outcome(change->name))
        changed = false; /* perhaps the value of this moment is wanted */
    if (changed) {
        change->line = expr->line;
        change->column = expr->column;
    }
}

/* Can the statement, which stands before the defer, set the variable? */
static bool may_set(const struct stmt *stmt, const char *name)
{
    if (stmt->kind == S_DEFER)
        return false;
    if (stmt->kind != S_DECL)
        return true;
    EACH (decl, &stmt->decls)
        if (decl->name != name && decl->value && decl->value->kind == E_CALL)
            return true;
    return false;
}

/* Has the variable a null value, or none, when the call is deferred? */
static bool is_unset(const struct decl *decl, const struct stmt *block, int index)
{
    if (decl->type.stars == 0 || (decl->value && !expr_is_null(decl->value)))
        return false;
    for (int i = 0; i < index; i++)
        if (block->list.at[i]->line > decl->line && may_set(block->list.at[i], decl->name))
            return false;
    return true;
}

static bool check_captured(struct walk *walk, const struct stmt *block, int index,
                           const struct stmt *deferred, const struct expr *call, const char *name)
{
    const struct live *live = live_find(&walk->live, name);
    if (!live || !live->decl || live->decl->type.is_array)
        return false;
    struct change change = {.call = call,
                            .name = name,
                            .handle = expr_name(deferred->step),
                            .is_pointer = live->decl->type.stars > 0,
                            .releases = call->name && name_releases(call->name) > 0,
                            .unset = is_unset(live->decl, block, index)};
    struct change_search search = {walk, &change};
    for (int i = index + 1; i < block->list.count; i++)
        each_expression(block->list.at[i], find_change, &search);
    if (!change.line || change.dismissed)
        return false;
    struct finding *finding = walk_report(walk, "defer-changed", deferred->line, deferred->column);
    finding->message = arena_format(
        walk->arena, "%s is deferred with the present value of '%s', which changes below",
        call->name ? call->name : "a call", name);
    finding->about = name;
    finding_note(walk->arena, finding, change.line, change.column, "changed here");
    finding->advice = arena_format(
        walk->arena, "defer a block, lg_defer_block { %s(%s); }, or pass the address of '%s'",
        call->name ? call->name : "…", name, name);
    return true;
}

static void check_changed(struct walk *walk, const struct stmt *block, int index)
{
    const struct stmt *deferred = block->list.at[index];
    const struct expr *call = captured_call(deferred);
    for (int i = 0; call && i < call->args.count; i++) {
        const struct expr *argument = call->args.at[i];
        while (argument->kind == E_CAST)
            argument = argument->a;
        if (argument->kind == E_NAME &&
            check_captured(walk, block, index, deferred, call, argument->name))
            return;
    }
}

/* ---- defer-panics --------------------------------------------------------------------------------- */

struct panic_search {
    const struct ir *ir;
    const struct expr *found;
    int depth;
};

static bool is_panic(const char *name)
{
    static const char *const names[] = {"lg_panic", "lg_panic_with_error", "lg_panic_with_pointer",
                                        NULL};
    return word_in(name, names);
}

static bool recovers(const struct function *function);
static void find_panic(void *data, const struct expr *expr)
{
    struct panic_search *search = data;
    if (search->found || expr->kind != E_CALL || !expr->name)
        return;
    if (is_panic(expr->name)) {
        search->found = expr;
        return;
    }
    const struct function *function = function_of(search->ir, expr->name);
    if (!function || search->depth >= 3 || recovers(function))
        return;
    struct panic_search inner = {.ir = search->ir, .depth = search->depth + 1};
    each_expression(function->body, find_panic, &inner);
    if (inner.found)
        search->found = expr;
}

static bool has_recovering_body(const struct stmt *stmt)
{
    if (!stmt)
        return false;
    if (stmt->kind == S_BLOCK && stmt->name && strncmp(stmt->name, "lg_func_recovers", 16) == 0)
        return true;
    for (int i = 0; i < stmt->list.count; i++)
        if (has_recovering_body(stmt->list.at[i]))
            return true;
    return false;
}

static bool recovers(const struct function *function)
{
    return has_recovering_body(function->body);
}

static void check_panics(struct walk *walk, const struct stmt *stmt)
{
    if (stmt->kind != S_DEFER || (stmt->name && (strcmp(stmt->name, "lg_defer_contained") == 0 ||
                                                 strcmp(stmt->name, "lg_defer_recover") == 0)))
        return;
    struct panic_search search = {.ir = walk->ir};
    each_expression(stmt->then, find_panic, &search);
    if (!search.found)
        return;
    bool in_block = search.found->line > stmt->line || is_panic(search.found->name);
    struct finding *finding = walk_report(walk, "defer-panics",
                                          in_block ? search.found->line : stmt->line,
                                          in_block ? search.found->column : stmt->column);
    finding->message = is_panic(search.found->name)
                           ? "this panic is raised by a deferred block"
                           : arena_format(walk->arena, "the deferred call of %s can panic",
                                          search.found->name);
    finding->advice =
        "report a failure through the function's result, or contain it: lg_defer_contained(…)";
}

/* ---- the walk ------------------------------------------------------------------------------------- */

static void visit(struct walk *walk, const struct stmt *stmt)
{
    check_panics(walk, stmt);
    if (stmt->kind != S_DEFER || walk->around.count == 0)
        return;
    const struct stmt *block = walk->around.at[walk->around.count - 1];
    for (int i = 0; block->kind == S_BLOCK && i < block->list.count; i++)
        if (block->list.at[i] == stmt)
            check_changed(walk, block, i);
}

void check_defers(struct ir *ir, struct arena *arena, finding_vec *findings)
{
    struct walk walk = {.ir = ir, .arena = arena, .findings = findings, .statement = visit};
    walk_function(&walk);
}
