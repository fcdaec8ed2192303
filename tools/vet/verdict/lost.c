/* What is lost because its last variable is overwritten: how sure is it that nobody else has it? */
#include "engine_parts.h"
#include "harness.h"
#include "model.h"
#include "names.h"
#include "site_parts.h"
#include "verdict_parts.h"

#include <string.h>

static bool is_element(const struct judge *judge, const struct operand *operand)
{
    return operand->place >= 0 && strchr(judge->ir->places.at[operand->place].text, '[') != NULL;
}

/* strcmp(key, "name") == 0; not strcmp(words[i], "name"): a user may well give an option twice. */
static bool compares_text(const struct judge *judge, const struct instr *branch)
{
    const struct place *left = branch->left.place >= 0 ? &judge->ir->places.at[branch->left.place]
                                                       : NULL;
    static const char *const names[] = {"strcmp", "strcasecmp", "g_strcmp0", NULL};
    if (left && left->kind == P_TEMPORARY)
        EACH (call, &judge->ir->code)
            if (call->kind == I_CALL && call->dst == branch->left.place && call->callee)
                return word_in(call->callee, names) && !is_element(judge, &call->args[0]);
    return left && left->kind == P_VALUE &&
           (strncmp(left->text, "strcmp(", 7) == 0 ||
            strncmp(left->text, "strcasecmp(", 11) == 0) &&
           left->text[strcspn(left->text, "[,")] != '[';
}

/* text[0] == '#', step(text) == -EAGAIN: such a condition asks the resource itself, or whether something has failed. */
static bool asks_resource(const struct judge *judge, const struct instr *branch,
                          const struct event *event)
{
    if (branch->kind != I_BRANCH || branch->left.place < 0)
        return false;
    if (branch->right.kind == O_PLACE && place_is_error_number(judge->ir, branch->right.place))
        return true;
    int variable = place_variable(judge->ir, event->state->acquired,
                                  event->state->acquisition->holder);
    return place_within(judge->ir, branch->left.place, variable) ||
           place_is_behind(judge->ir, branch->left.place, variable);
}

/* for (…) switch (option) { case 'n': name = strdup(optarg); … } Whether a case comes twice, its caller knows. */
static bool chosen_by_value(const struct judge *judge, const struct event *event)
{
    const struct state *after = event->state->from;
    for (const struct state *at = after ? after->from : NULL; at; after = at, at = at->from) {
        if (at->instr == event->state->acquired)
            return false;
        const struct instr *instr = instr_at(judge, at->instr);
        if (asks_resource(judge, instr, event))
            continue;
        if (instr->kind == I_BRANCH && compares_text(judge, instr) &&
            instr->sign == (after->instr == instr->next ? S2('=', '=') : S2('!', '=')))
            return true;
        if (instr->kind != I_BRANCH ||
            (instr->right.kind == O_NUMBER && instr->right.number <= 0) ||
            instr->right.kind == O_UNKNOWN)
            continue;
        bool equal = instr->sign == (after->instr == instr->next ? S2('=', '=') : S2('!', '='));
        if (equal)
            return true;
    }
    return false;
}

/* Perhaps the statement gives it to somebody, or says that there is none: keep(s), s == INVALID. */
static bool is_given(const struct instr *instr, int holder)
{
    if (instr->kind == I_BRANCH)
        return instr->left.place == holder && instr->right.kind != O_NUMBER;
    for (int i = 0; instr->kind == I_CALL && i < instr->arg_count; i++)
        if (instr->args[i].place == holder &&
            !(instr->callee && model_known_harmless(instr->callee)))
            return true;
    return false;
}

/* for (…) { s = socket(…); if (connect(s, …) == 0) break; }: the next socket takes the variable of the one that failed. */
static bool lost_to_next(const struct judge *judge, const struct event *event)
{
    int holder = event->state->acquisition->holder;
    for (const struct state *at = event->state->from; at && at->instr != event->state->acquired;
         at = at->from)
        if (is_given(instr_at(judge, at->instr), holder))
            return false;
    return event->instr == event->state->acquired && event->state->pass_count == 0 &&
           judge->site->resource == R_DESCRIPTOR && judge->ir->places.at[holder].kind == P_LOCAL;
}

/* stream_join(&header, &data); header = data = NULL: what the call was passed by address, it took. */
static bool is_given_up(const struct judge *judge, const struct event *event)
{
    const struct instr *sets = instr_at(judge, event->instr);
    return sets->kind == I_ASSIGN && sets->left.kind == O_NUMBER && sets->left.number == 0 &&
           judge_by_address(judge, event->state) && !event->state->acquisition->known &&
           event->state->acquisition->strength < 2;
}

/* for (…) { buffer = fresh ? buffer_new() : connection->buffer; … } What the variable has in the end, conditions of the
 * connection decide, which belong together across rounds. */
static bool borrows_in_loop(const struct judge *judge, const struct event *event)
{
    const struct ir *ir = judge->ir;
    int variable = place_variable(ir, event->state->acquired, event->state->acquisition->holder);
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *instr = instr_at(judge, i);
        const struct place *from = instr->left.place >= 0 ? &ir->places.at[instr->left.place]
                                                          : NULL;
        if (instr->kind == I_ASSIGN && instr->dst == variable && from &&
            instr->left.kind == O_PLACE && from->kind == P_PART && from->through &&
            from->root != variable && judge_loop_has_both(judge, i, event->state->acquired))
            return true;
    }
    return false;
}

void judge_lost(struct judge *judge, const struct event *event)
{
    const struct state *state = event->state;
    if (judge_was_kept(judge, state) || state->doubtful)
        return;
    bool again = event->instr == state->acquired ||
                 (event->instr < state->acquired &&
                  judge_loop_has_both(judge, event->instr, state->acquired));
    if (judge->site->typed || (again && chosen_by_value(judge, event)))
        return; /* an option that is given twice */
    if (judge_has_new_owner(judge, event) || judge_is_linked(judge, state) ||
        is_given_up(judge, event))
        return;
    bool released = judge->released && judge_passes_innocent(judge, state);
    released &= state->acquisition->strength > 0 || judge_freed_as_memory(judge, state);
    released &= !judge_by_address(judge, state) || !judge_made_in_another(judge, state);
    /* What the variable got before, often has another owner by then. */
    released &= judge->site->resource != R_OBJECT || again;
    enum level level = is_of_test(judge->ir) || (again && borrows_in_loop(judge, event)) ||
                               judge_in_main(judge) || judge_returns_its_argument(judge, state)
                           ? LEVEL_ALL
                       : (released || judge->site->resource == R_ERROR) && state->acquisition->known
                           ? LEVEL_SURE
                       : judge_owned_here(judge, state) &&
                               (!judge->escaped || lost_to_next(judge, event))
                           ? LEVEL_SURE
                       : released                              ? LEVEL_LIKELY
                       : judge->site->mined && !judge->escaped ? LEVEL_LIKELY
                                                               : LEVEL_ALL;
    judge_report_leak(judge, event, level, true);
}
