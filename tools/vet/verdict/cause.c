/* Why a cleanup that the function has does not run at an exit: the finding says so. */
#include "names.h"
#include "type.h"
#include "verdict_parts.h"
#include "walk.h"

#include <string.h>

/* ---- lg_defer_on_error without an error ------------------------------------------------------------- */

struct search {
    const char *name; /* of the variable */
    const struct stmt *found;
};

static void ask_on_error(struct walk *walk, const struct stmt *stmt)
{
    struct search *search = walk->data;
    if (stmt->kind != S_DEFER || !stmt->name || strcmp(stmt->name, "lg_defer_on_error") != 0)
        return;
    const struct expr *call = call_of(stmt->then);
    for (int i = 0; call && i < call->args.count; i++) {
        const char *name = expr_root(call->args.at[i]);
        if (name && strcmp(name, search->name) == 0)
            search->found = stmt;
    }
}

/* lg_defer_on_error(close, fd) in a function that returns a number, for what the site holds; NULL: there is none. */
static const struct stmt *deferred_on_error(const struct judge *judge)
{
    const struct ir *ir = judge->ir;
    int place = judge->site->place;
    if (!ir->function->in_lg_func || type_points_to(&ir->function->type, "lg_error") || place < 0)
        return NULL;
    struct search search = {.name = place_text(ir, ir->places.at[place].root)};
    struct walk walk = {.ir = judge->simulation->ir,
                        .arena = judge->arena,
                        .statement = ask_on_error,
                        .data = &search};
    walk_function(&walk);
    return search.found;
}

/* ---- a cleanup variable gave its value up too early -------------------------------------------------- */

/* fdopen(TAKE_FD(fd), "r"): the statement that took the value out of the variable; NULL: none did. */
static const struct instr *taken_by(const struct judge *judge, const struct state *state)
{
    const struct ir *ir = judge->ir;
    if (state->holder_count != 1 || ir->places.at[state->holders[0]].kind != P_TEMPORARY)
        return NULL;
    EACH (instr, &ir->code)
        if (instr->kind == I_ASSIGN && instr->dst == state->holders[0] && instr->expr &&
            instr->left.kind == O_PLACE && instr->left.place == judge->site->place &&
            instr->expr->kind == E_CALL && instr->expr->name)
            return instr;
    return NULL;
}

void judge_name_cause(const struct judge *judge, struct finding *finding, const struct state *state)
{
    const struct stmt *deferred = deferred_on_error(judge);
    const struct instr *taken = taken_by(judge, state);
    const char *text = judge_site_text(judge);
    if (deferred) {
        finding->message = arena_format(judge->arena,
                                        "%s: lg_defer_on_error does not run after lg_return in a "
                                        "function that returns no lg_error *",
                                        finding->message);
        finding_note(judge->arena, finding, deferred->line, deferred->column, "deferred here");
        finding->advice = "return an lg_error *, or use lg_defer_as and, when all goes well, "
                          "lg_deferred_dismiss";
    } else if (taken) {
        finding_note(judge->arena, finding, taken->line, taken->column,
                     "given up here by '%s', before the call has succeeded", taken->expr->name);
        finding->advice = arena_format(judge->arena,
                                       "pass '%s' itself, and give it up by %s when the call has "
                                       "succeeded",
                                       text, taken->expr->name);
    }
}
