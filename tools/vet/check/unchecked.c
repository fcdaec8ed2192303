/* defer-unchecked: a release is deferred before it is known that there is something to release. */
#include "check.h"
#include "edit.h"
#include "names.h"
#include "walk.h"

#include <string.h>

static bool leaves(const struct stmt *stmt)
{
    if (!stmt)
        return false;
    if (stmt->kind == S_RETURN || stmt->kind == S_GOTO || stmt->kind == S_BREAK ||
        stmt->kind == S_CONTINUE)
        return true;
    if (stmt->kind == S_EXPR && stmt->value && stmt->value->kind == E_CALL && stmt->value->name)
        return strncmp(stmt->value->name, "lg_return", 9) == 0 ||
               name_never_returns(stmt->value->name);
    return stmt->kind == S_BLOCK && stmt->list.count > 0 &&
           leaves(stmt->list.at[stmt->list.count - 1]);
}

/* `!f`, `f == NULL`, `fd < 0`, `r`; not a call that uses it. */
static bool tests(const struct expr *expr, const char *name, bool status)
{
    if (!expr)
        return false;
    if (expr->kind == E_NAME)
        return status && expr->name == name;
    if (expr->kind == E_PREFIX && expr->sign == '!')
        return !status && expr->a->kind == E_NAME && expr->a->name == name;
    if (expr->kind != E_BINARY)
        return false;
    if (expr->sign == S2('|', '|'))
        return tests(expr->a, name, status) || tests(expr->b, name, status);
    bool fails = expr->sign == '<' || expr->sign == S2('<', '=') ||
                 expr->sign == (status ? S2('!', '=') : S2('=', '='));
    return fails && expr->a->kind == E_NAME && expr->a->name == name;
}

/* The call that a deferred statement makes, if it releases its first argument. */
static const struct expr *release_of(const struct stmt *deferred)
{
    static const char *const tolerant[] = {"free",   "lg_error_free", "lg_context_free",
                                           "g_free", "kfree",         NULL};
    const struct expr *call = call_of(deferred);
    if (!call || !call->name || call->args.count < 1 || call->args.count > 2)
        return NULL;
    bool releases = name_releases(call->name) == 2 && !word_in(call->name, tolerant);
    return releases ? call : NULL;
}

static bool same(const struct expr *a, const struct expr *b)
{
    if (!a || !b)
        return a == b;
    if (a->kind != b->kind || a->sign != b->sign || a->args.count != 0 || b->args.count != 0)
        return false;
    if (a->kind == E_NUMBER)
        return a->number == b->number;
    return a->name == b->name && same(a->a, b->a) && same(a->b, b->b);
}

/* r = acquire(…, &list): the status of the call that gives the argument its value, or takes the lock. */
static const char *status_of(const struct stmt *before, const struct expr *released)
{
    const char *status = NULL;
    const struct expr *value = NULL;
    if (before->kind == S_DECL && before->decls.count > 0) {
        const struct decl *last = &before->decls.at[before->decls.count - 1];
        status = last->name;
        value = last->value;
    } else if (before->kind == S_EXPR && before->value && before->value->kind == E_ASSIGN &&
               before->value->sign == '=') {
        status = expr_name(before->value->a);
        value = before->value->b;
    }
    if (!value || value->kind != E_CALL)
        return NULL;
    for (int i = 0; i < value->args.count; i++) {
        const struct expr *argument = value->args.at[i];
        if (same(argument, released) || (expr_is_address(argument) && same(argument->a, released)))
            return status;
    }
    return NULL;
}

/* A condition about nothing else: with `||` another failure would leave without the release. */
static bool is_simple(const struct expr *condition)
{
    return condition->kind != E_BINARY ||
           (condition->sign != S2('|', '|') && condition->sign != S2('&', '&'));
}

/* Does nothing else stand in its lines? */
static bool has_own_lines(const struct unit *unit, const struct stmt *stmt)
{
    bool begun = false;
    EACH (token, &unit->lexed.tokens) {
        if (token->line < stmt->line || token->line > stmt->end_line)
            continue;
        if (!begun && (token->line != stmt->line || token->column != stmt->column))
            return false;
        begun = true;
        bool last = token[1].line > stmt->end_line || token[1].kind == TOKEN_END;
        if (last)
            return token->sign == ';' || token->sign == '}';
    }
    return false;
}

static void report(struct walk *walk, const struct stmt *deferred, const struct stmt *test,
                   const char *what)
{
    struct finding *finding = walk_report(walk, "defer-unchecked", deferred->line,
                                          deferred->column);
    finding->message = arena_format(
        walk->arena,
        "the release of '%s' is deferred before it is known that there is something to release",
        what);
    finding_note(walk->arena, finding, test->line, test->column, "checked only here");
    finding->advice = "defer it below the check";
    if (is_simple(test->value) && has_own_lines(walk->ir->unit, deferred) && !test->otherwise &&
        test->end_line >= test->line)
        edit_move_lines(walk->ir->unit, finding, deferred->line, deferred->end_line,
                        test->end_line);
}

static void check_block(struct walk *walk, const struct stmt *block, int index)
{
    const struct stmt *deferred = block->list.at[index];
    const struct expr *call = release_of(deferred->then);
    if (!call)
        return;
    const char *name = call->args.at[0]->kind == E_NAME ? call->args.at[0]->name : NULL;
    const char *status = index > 0 ? status_of(block->list.at[index - 1], call->args.at[0]) : NULL;
    for (int i = index + 1; i < block->list.count && i < index + 3; i++) {
        const struct stmt *test = block->list.at[i];
        if (test->kind != S_IF || !leaves(test->then))
            continue;
        if ((name && tests(test->value, name, false)) ||
            (status && tests(test->value, status, true))) {
            report(walk, deferred, test, name ? name : call->name);
            return;
        }
    }
}

static void visit(struct walk *walk, const struct stmt *stmt)
{
    if (stmt->kind != S_BLOCK)
        return;
    for (int i = 0; i < stmt->list.count; i++)
        if (stmt->list.at[i]->kind == S_DEFER)
            check_block(walk, stmt, i);
}

void check_unchecked(struct ir *ir, struct arena *arena, finding_vec *findings)
{
    struct walk walk = {.ir = ir, .arena = arena, .findings = findings, .statement = visit};
    walk_function(&walk);
}
