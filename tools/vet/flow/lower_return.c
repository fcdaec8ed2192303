/* A return: its value, then the cleanups and deferred calls of all scopes, as far as they are due. */
#include "lower.h"
#include "type.h"

#include <string.h>

/* By the rules of lg_defer_on_error: only lg_return succeeds, and only with a NULL error. */
static int outcome_of(const struct lowering *lowering, const struct expr *value,
                      const struct expr *at)
{
    const struct function *function = lowering->ir->function;
    if (at->kind != E_CALL || !at->name || strncmp(at->name, "lg_return", 9) != 0)
        return function->in_lg_func ? OUTCOME_FAILURE : OUTCOME_UNKNOWN;
    if (!type_points_to(&function->type, "lg_error") ||
        (value && value->kind == E_NAME && strcmp(value->name, "NULL") == 0))
        return OUTCOME_SUCCESS;
    bool made = value && value->kind == E_CALL && value->name &&
                strncmp(value->name, "lg_error_new", 12) == 0;
    return made ? OUTCOME_FAILURE : OUTCOME_UNKNOWN;
}

static void return_with(struct lowering *lowering, int outcome, struct operand result,
                        const struct expr *at)
{
    lowering->outcome = outcome;
    leave_scopes(lowering, NULL);
    lowering->outcome = OUTCOME_UNKNOWN;
    if (lowering->closed)
        return;
    lowering->line = at->line;
    emit(lowering, I_RETURN, at)->left = result;
}

static bool depends_on_outcome(const struct lowering *lowering)
{
    for (const struct scope *scope = lowering->scope; scope; scope = scope->outer)
        EACH (pending, &scope->pending)
            if (pending_depends(pending))
                return true;
    return false;
}

/* What lg_defer_on_error defers runs on one way, what lg_defer_on_success defers on the other. */
static void return_either(struct lowering *lowering, struct operand result, const struct expr *at)
{
    int good = label_new(lowering), bad = label_new(lowering);
    emit_branch(lowering, result, S2('=', '='), number(0), good, bad, NULL);
    label_here(lowering, good);
    return_with(lowering, OUTCOME_SUCCESS, result, at);
    label_here(lowering, bad);
    return_with(lowering, OUTCOME_FAILURE, result, at);
}

void lower_return(struct lowering *lowering, const struct expr *value, const struct expr *at)
{
    struct operand result = {.kind = O_UNKNOWN, .place = -1};
    if (value) {
        lowering->ir->returns_with_value++;
        lowering->ir->returns_null |= value->kind == E_NAME && strcmp(value->name, "NULL") == 0;
        result = lower_expr(lowering, value);
    }
    if (lowering->closed)
        return;
    int outcome = outcome_of(lowering, value, at);
    if (outcome == OUTCOME_UNKNOWN && depends_on_outcome(lowering))
        return_either(lowering, result, at);
    else
        return_with(lowering, outcome, result, at);
}
