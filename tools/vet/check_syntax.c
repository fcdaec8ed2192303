/* What the shape of the source shows: lg_func, defer. */
#include "check.h"
#include "ir.h"
#include "names.h"

#include <string.h>

struct search {
    struct ir *ir;
    struct arena *arena;
    finding_vec *findings;
    int inside; /* lg_func blocks around */
};

static struct finding *found(struct search *search, const char *check, int line, int column)
{
    return finding_add(search->arena, search->findings, check, LEVEL_SURE, search->ir->unit->path,
                       search->ir->function->name, line, column);
}

static void check_return(struct search *search, const struct stmt *stmt)
{
    if (search->inside == 0 || !stmt->value || stmt->expanded)
        return;
    struct finding *finding = found(search, "plain-return", stmt->line, stmt->column);
    finding->message =
        "a plain return in an lg_func fixes the result before the deferred calls run, and counts as a failure";
    finding->advice = "write lg_return(…)";
}

/* `!f`, `f == NULL`, `fd < 0`; not a call that uses it. */
static bool tests_null(const struct expr *expr, const char *name)
{
    if (!expr)
        return false;
    if (expr->kind == E_PREFIX && expr->sign == '!')
        return expr->a->kind == E_NAME && expr->a->name == name;
    return expr->kind == E_BINARY && expr->a->kind == E_NAME && expr->a->name == name;
}

static bool leaves(const struct stmt *stmt)
{
    if (!stmt)
        return false;
    if (stmt->kind == S_RETURN || stmt->kind == S_GOTO || stmt->kind == S_BREAK ||
        stmt->kind == S_CONTINUE)
        return true;
    if (stmt->kind == S_EXPR && stmt->value && stmt->value->kind == E_CALL && stmt->value->name)
        return strcmp(stmt->value->name, "lg_return") == 0 || name_never_returns(stmt->value->name);
    return stmt->kind == S_BLOCK && stmt->list.count > 0 &&
           leaves(stmt->list.at[stmt->list.count - 1]);
}

/* The variable that a deferred statement releases. */
static const char *released_by(const struct stmt *stmt)
{
    if (stmt && stmt->kind == S_BLOCK && stmt->list.count == 1)
        stmt = stmt->list.at[0];
    if (!stmt || stmt->kind != S_EXPR || stmt->value->kind != E_CALL || !stmt->value->name ||
        stmt->value->args.count != 1)
        return NULL;
    const struct expr *arg = stmt->value->args.at[0];
    static const char *const tolerant[] = {"free", "lg_error_free", NULL};
    return arg->kind == E_NAME && name_releases(stmt->value->name) == 2 &&
                   !word_in(stmt->value->name, tolerant)
               ? arg->name
               : NULL;
}

/* defer { fclose(f); } followed by `if (!f) return …;` */
static void check_defer(struct search *search, const struct stmt *block, int index)
{
    const struct stmt *deferred = block->list.at[index];
    const char *name = released_by(deferred->then);
    if (!name)
        return;
    for (int i = index + 1; i < block->list.count && i < index + 3; i++) {
        const struct stmt *test = block->list.at[i];
        if (test->kind != S_IF || !tests_null(test->value, name) || !leaves(test->then) || false)
            continue;
        struct finding *finding = found(search, "defer-unchecked", deferred->line,
                                        deferred->column);
        finding->message = arena_format(
            search->arena,
            "the release of '%s' is deferred before it is known that there is something to release",
            name);
        finding_note(search->arena, finding, test->line, test->column, "checked only here");
        finding->advice = "defer it below the check";
        return;
    }
}

static void check_defer_in(struct search *search, const struct stmt *stmt, bool in_loop)
{
    if (!in_loop || !stmt->name || strcmp(stmt->name, "lg_defer_in") != 0)
        return;
    const struct expr *call = stmt->then && stmt->then->kind == S_EXPR ? stmt->then->value : NULL;
    static const char *const limited[] = {"close", "fclose", "closedir", "pclose", NULL};
    if (!call || !call->name || !word_in(call->name, limited))
        return;
    struct finding *finding = found(search, "defer-loop", stmt->line, stmt->column);
    finding->message = arena_format(
        search->arena,
        "%s is deferred to the end of an outer scope in each round of a loop: descriptors can run out",
        call->name);
    finding->advice =
        "defer it in the loop's body with lg_defer, or close at the end of each round";
}

static void walk(struct search *search, const struct stmt *stmt, bool in_loop)
{
    if (!stmt)
        return;
    if (stmt->kind == S_RETURN)
        check_return(search, stmt);
    if (stmt->kind == S_DEFER) {
        check_defer_in(search, stmt, in_loop);
        return;
    }
    bool body = stmt->kind == S_BLOCK && stmt->name && strcmp(stmt->name, "lg_func") == 0;
    search->inside += body;
    bool loop = in_loop || stmt->kind == S_WHILE || stmt->kind == S_FOR || stmt->kind == S_DO ||
                stmt->kind == S_EACH;
    walk(search, stmt->then, loop);
    walk(search, stmt->otherwise, in_loop);
    for (int i = 0; i < stmt->list.count; i++) {
        if (stmt->list.at[i]->kind == S_DEFER)
            check_defer(search, stmt, i);
        walk(search, stmt->list.at[i], in_loop);
    }
    search->inside -= body;
}

void check_syntax(struct ir *ir, struct arena *arena, finding_vec *findings)
{
    struct search search = {ir, arena, findings, 0};
    walk(&search, ir->function->body, false);
}
