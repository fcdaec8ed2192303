/* leak, missing-release: a loop that takes back what the rounds of another loop have acquired, and leaves out the first one:
 * while (--i > 0) free(list[i]). */
#include "check.h"
#include "ir.h"
#include "model.h"
#include "names.h"
#include "reach.h"
#include "site_parts.h"

#include <string.h>

struct unwinding {
    int array, counter; /* list[i] */
    int release, branch, acquired;
};

/* list[i] of list[i], &list[i], list[i].name; -1: it is no such place. */
static int element_of(const struct ir *ir, int place)
{
    while (place >= 0 && ir->places.at[place].kind == P_PART) {
        if (ir->places.at[place].index >= 0)
            return place;
        place = ir->places.at[place].parent;
    }
    return -1;
}

static bool is_element(const struct ir *ir, int place, const struct unwinding *unwinding)
{
    int element = element_of(ir, place);
    return element >= 0 && ir->places.at[element].parent == unwinding->array &&
           ir->places.at[element].index == unwinding->counter;
}

static bool has_element(const struct ir *ir, const struct instr *call,
                        const struct unwinding *unwinding)
{
    for (int i = 0; i < call->arg_count; i++)
        if (is_element(ir, call->args[i].place, unwinding))
            return true;
    return false;
}

static enum reach find_release(const struct ir *ir, int index, void *data)
{
    const struct unwinding *unwinding = data;
    if (index == unwinding->release)
        return REACH_FOUND;
    return index == unwinding->branch || at(ir, index)->dst == unwinding->counter ? REACH_STOP
                                                                                  : REACH_ON;
}

/* i = i - 1 */
static bool counts_down(const struct ir *ir, const struct instr *instr, int counter)
{
    const struct place *value = instr->left.place >= 0 ? &ir->places.at[instr->left.place] : NULL;
    return instr->kind == I_ASSIGN && value && value->kind == P_VALUE && value->text[0] == '-' &&
           value->parts.count == 1 && value->parts.at[0] == counter;
}

static enum reach find_branch(const struct ir *ir, int index, void *data)
{
    const struct unwinding *unwinding = data;
    const struct instr *instr = at(ir, index);
    if (index == unwinding->branch)
        return REACH_FOUND;
    return instr->dst == unwinding->counter && !counts_down(ir, instr, unwinding->counter)
               ? REACH_STOP
               : REACH_ON;
}

static enum reach find_acquisition(const struct ir *ir, int index, void *data)
{
    const struct unwinding *unwinding = data;
    if (index == unwinding->acquired)
        return REACH_FOUND;
    return at(ir, index)->dst == unwinding->counter ? REACH_STOP : REACH_ON;
}

static bool begins_at_zero(const struct ir *ir, struct unwinding *unwinding)
{
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *set = at(ir, i);
        if (set->kind == I_ASSIGN && set->dst == unwinding->counter && set->left.kind == O_NUMBER &&
            set->left.number == 0 && reach(ir, set->next, find_acquisition, unwinding) >= 0)
            return true;
    }
    return false;
}

/* Does the call make what the release takes back? */
static bool acquires(const struct ir *ir, int index, const struct unwinding *unwinding)
{
    const struct instr *call = at(ir, index), *release = at(ir, unwinding->release);
    if (call->kind != I_CALL || call->implicit || !call->callee || index == unwinding->release)
        return false;
    if (is_element(ir, place_variable(ir, index, call->dst), unwinding))
        return model_acquirer(call->callee) || name_makes(call->callee) ||
               names_pair(call->callee, release->callee);
    return has_element(ir, call, unwinding) && names_pair(call->callee, release->callee);
}

static bool find_loop(const struct ir *ir, struct unwinding *unwinding)
{
    for (int i = 0; i < ir->code.count; i++) {
        unwinding->acquired = i;
        if (acquires(ir, i, unwinding) && reaches(ir, i, i) &&
            !reaches(ir, unwinding->release, i) && begins_at_zero(ir, unwinding) &&
            reach(ir, at(ir, i)->next, find_branch, unwinding) >= 0)
            return true;
    }
    return false;
}

/* free(list[0]); stands behind the loop, or another loop releases all of it. */
static bool is_released_apart(const struct ir *ir, const struct unwinding *unwinding)
{
    const struct instr *release = at(ir, unwinding->release);
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *call = at(ir, i);
        if (call->kind != I_CALL || call->callee != release->callee || i == unwinding->release ||
            !reaches(ir, unwinding->release, i))
            continue;
        for (int k = 0; k < call->arg_count; k++)
            if (call->args[k].place >= 0 && call->args[k].place != unwinding->array &&
                place_within(ir, call->args[k].place, unwinding->array))
                return true;
    }
    return false;
}

/* while (--i > 0), for (; i != 0; i--): the way on which the counter is not 0. */
static bool asks_zero(const struct ir *ir, const struct instr *branch, int counter)
{
    if (branch->kind != I_BRANCH || branch->left.kind != O_PLACE ||
        branch->right.kind != O_NUMBER || branch->right.number != 0 ||
        (branch->sign != '>' && branch->sign != S2('!', '=')))
        return false;
    const struct place *left = &ir->places.at[branch->left.place];
    const struct expr *asked = branch->expr;
    if (asked && asked->kind == E_BINARY)
        asked = asked->a;
    bool before = asked && asked->kind == E_PREFIX; /* not i--, whose value is the one before */
    return branch->left.place == counter ||
           (before && left->kind == P_VALUE && strncmp(left->text, "--(", 3) == 0 &&
            left->parts.count == 1 && left->parts.at[0] == counter);
}

static bool leaves_first(const struct ir *ir, struct unwinding *unwinding)
{
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *branch = at(ir, i);
        unwinding->branch = i;
        if (asks_zero(ir, branch, unwinding->counter) &&
            reach(ir, branch->next, find_release, unwinding) >= 0 &&
            reaches(ir, unwinding->release, i) && !is_released_apart(ir, unwinding) &&
            find_loop(ir, unwinding))
            return true;
    }
    return false;
}

static void check_release(struct ir *ir, struct arena *arena, finding_vec *findings, int index)
{
    const struct instr *call = at(ir, index);
    int element = -1;
    for (int i = 0; i < call->arg_count && i < 2 && element < 0; i++)
        element = element_of(ir, call->args[i].place);
    if (element < 0)
        return;
    struct unwinding unwinding = {.array = ir->places.at[element].parent,
                                  .counter = ir->places.at[element].index,
                                  .release = index};
    if (ir->places.at[unwinding.counter].kind != P_LOCAL || !leaves_first(ir, &unwinding))
        return;
    const struct instr *acquire = at(ir, unwinding.acquired);
    bool memory = model_frees_memory(call->callee);
    struct finding *finding = finding_at(ir, arena, findings, memory ? "leak" : "missing-release",
                                         LEVEL_LIKELY, call);
    finding->about = place_text(ir, unwinding.array);
    finding->message = arena_format(arena,
                                    "what the first element of '%s' holds is not released: the "
                                    "loop ends when '%s' is 0",
                                    finding->about, place_text(ir, unwinding.counter));
    finding_note(arena, finding, acquire->line, acquire->column,
                 "acquired here, one in each round");
    finding->advice = arena_format(arena, "release element 0 too, as with 'while (%s-- > 0)'",
                                   place_text(ir, unwinding.counter));
}

void check_unwinds(struct ir *ir, struct arena *arena, finding_vec *findings)
{
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *call = at(ir, i);
        if (call->kind == I_CALL && !call->implicit && call->callee &&
            name_releases(call->callee) > 0 && reaches(ir, i, i))
            check_release(ir, arena, findings, i);
    }
}
