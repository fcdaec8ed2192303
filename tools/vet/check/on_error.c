/* leak, missing-release: lg_defer_on_error in a function whose result is no lg_error *: whatever lg_return returns there, the
 * deferred call does not run. */
#include "check.h"
#include "names.h"
#include "type.h"
#include "walk.h"

#include <string.h>

/* -1, NULL, false, -ENOMEM, STATE_FAILED */
static bool says_failure(const struct expr *value)
{
    while (value && value->kind == E_CAST)
        value = value->a;
    if (!value)
        return false;
    if (value->kind == E_NUMBER)
        return value->number < 0;
    if (value->kind == E_PREFIX)
        return value->sign == '-' && value->a &&
               (value->a->kind == E_NUMBER || value->a->kind == E_NAME);
    return value->kind == E_NAME &&
           (strcmp(value->name, "NULL") == 0 || strcmp(value->name, "false") == 0 ||
            name_means(value->name) < 0);
}

static bool is_on_error(const struct live *live)
{
    return !live->decl && live->stmt && live->stmt->kind == S_DEFER && live->stmt->name &&
           strcmp(live->stmt->name, "lg_defer_on_error") == 0;
}

/* Does the function make the call itself where it fails? Then the deferred one is for panics. */
static bool made_by_hand(const struct ir *ir, const char *callee)
{
    EACH (instr, &ir->code)
        if (instr->kind == I_CALL && instr->callee && !instr->deferred && !instr->implicit &&
            strcmp(instr->callee, callee) == 0)
            return true;
    return false;
}

/* One finding for each deferred call, and none where a leak has told it already. */
static bool was_said(const struct walk *walk, const struct stmt *deferred)
{
    EACH (finding, walk->findings)
        EACH (note, &finding->notes)
            if (finding->function == walk->ir->function->name && note->line == deferred->line &&
                note->column == deferred->column && strstr(finding->message, "lg_defer_on_error"))
                return true;
    return false;
}

static void check_pending(struct walk *walk, const struct expr *exit, const struct stmt *deferred)
{
    const struct expr *call = call_of(deferred->then);
    if (!call || !call->name || made_by_hand(walk->ir, call->name) || was_said(walk, deferred))
        return;
    const char *check = name_only_releases(call->name) ? "leak" : "missing-release";
    struct finding *finding = walk_report(walk, check, exit->line, exit->column);
    finding->message = arena_format(walk->arena,
                                    "'%s' does not run on this exit: lg_defer_on_error does not "
                                    "run after lg_return in a function that returns no lg_error *",
                                    call->name);
    finding_note(walk->arena, finding, deferred->line, deferred->column, "deferred here");
    finding->advice = "return an lg_error *, or use lg_defer_as and, when all goes well, "
                      "lg_deferred_dismiss";
}

static void visit(struct walk *walk, const struct expr *expr)
{
    if (!calls(expr, "lg_return") || !says_failure(call_argument(expr, 0)))
        return;
    for (int i = 0; i < walk->live.count; i++)
        if (is_on_error(&walk->live.at[i]))
            check_pending(walk, expr, walk->live.at[i].stmt);
}

void check_on_error(struct ir *ir, struct arena *arena, finding_vec *findings)
{
    if (!ir->function->in_lg_func || type_points_to(&ir->function->type, "lg_error"))
        return;
    struct walk walk = {.ir = ir, .arena = arena, .findings = findings, .expression = visit};
    walk_function(&walk);
}
