/* wrong-release: what is released is not what was acquired: an address within it, a variable, a text of the program. */
#include "check.h"
#include "names.h"
#include "reach.h"
#include "site_parts.h"
#include "walk.h"

#include <ctype.h>
#include <string.h>

/* The variable that this call frees; -1: none. */
static int freed(const struct ir *ir, const struct instr *call)
{
    if (call->kind != I_CALL || call->implicit || call->deferred || call->indirect ||
        !call->callee || call->arg_count != 1 || call->args[0].kind != O_PLACE ||
        !model_frees_memory(call->callee) || function_of(ir, call->callee))
        return -1;
    const struct place *place = &ir->places.at[call->args[0].place];
    return place->kind == P_LOCAL && place->decl ? call->args[0].place : -1;
}

static bool has_address_taken(const struct ir *ir, int place)
{
    EACH (instr, &ir->code) {
        if (instr->left.kind == O_ADDRESS && instr->left.place == place)
            return true;
        for (int i = 0; i < instr->arg_count; i++)
            if (instr->args[i].kind == O_ADDRESS && instr->args[i].place == place)
                return true;
    }
    return false;
}

static struct finding *report(struct ir *ir, struct arena *arena, finding_vec *findings, int index,
                              int place)
{
    const struct instr *call = at(ir, index);
    struct finding *finding = finding_at(ir, arena, findings, "wrong-release", LEVEL_SURE, call);
    finding->about = place_text(ir, place);
    return finding;
}

/* ---- free(p) after p++ ---------------------------------------------------------------------------- */

/* p++, p += 2, p = p + 2 */
static bool steps_on(const struct ir *ir, const struct instr *instr, int place)
{
    if (instr->kind != I_ASSIGN || instr->dst != place || instr->left.kind != O_PLACE)
        return false;
    const struct place *value = &ir->places.at[instr->left.place];
    if (value->kind != P_VALUE || value->text[0] != '+' || value->parts.count == 0)
        return false;
    return value->parts.at[0] == place;
}

/* The call that allocates what the variable holds, if its other values are all made by steps; -1: not so. */
static int only_allocation(const struct ir *ir, int place)
{
    int allocation = -1, steps = 0;
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *instr = at(ir, i);
        const struct acquirer *acquirer = instr->kind == I_CALL && instr->callee
                                              ? model_acquirer(instr->callee)
                                              : NULL;
        if (acquirer && acquirer->resource == R_MEMORY && acquirer->argument < 0 &&
            place_variable(ir, i, instr->dst) == place && allocation < 0)
            allocation = i;
        else if (steps_on(ir, instr, place))
            steps++;
        else if (instr->dst == place && instr->kind != I_DECLARE &&
                 !(allocation >= 0 && at(ir, allocation)->next == i))
            return -1;
    }
    return steps > 0 && !has_address_taken(ir, place) ? allocation : -1;
}

static void check_inner(struct ir *ir, struct arena *arena, finding_vec *findings, int index,
                        int place)
{
    int allocation = only_allocation(ir, place);
    for (int i = 0; allocation >= 0 && i < ir->code.count; i++) {
        if (!steps_on(ir, at(ir, i), place) || !reaches(ir, i, index) ||
            !reaches(ir, allocation, i))
            continue;
        struct finding *finding = report(ir, arena, findings, index, place);
        finding->message =
            arena_format(arena, "'%s' no longer points to the beginning of what was allocated",
                         place_text(ir, place));
        finding_note(arena, finding, at(ir, allocation)->line, at(ir, allocation)->column,
                     "allocated here");
        finding_note(arena, finding, at(ir, i)->line, at(ir, i)->column, "moved on here");
        finding->advice = "keep the address that was allocated, and free that";
        return;
    }
}

/* ---- free of what was never allocated ------------------------------------------------------------- */

/* Is it the address of a variable of this function, or a text of the program? */
static const char *never_allocated(const struct ir *ir, const struct instr *instr)
{
    const struct operand *value = &instr->left;
    if (instr->kind == I_CALL)
        return instr->callee && strcmp(instr->callee, "alloca") == 0 ? "memory of the stack" : NULL;
    if (instr->kind != I_ASSIGN)
        return NULL;
    if (value->kind == O_STRING)
        return "a text of the program";
    if (value->kind != O_PLACE && value->kind != O_ADDRESS)
        return NULL;
    const struct place *from = &ir->places.at[value->place];
    if (from->kind == P_VALUE && from->text[0] == '+' && from->parts.count == 1)
        return place_is_pointer(ir, from->parts.at[0]) ? "an address within something" : NULL;
    if (from->kind != P_LOCAL || !from->decl)
        return NULL;
    bool array = value->kind == O_PLACE && from->decl->type.is_array && from->decl->type.stars == 0;
    return array || value->kind == O_ADDRESS ? "a variable" : NULL;
}

/* if (p != buffer) free(p), and macros that give p another value: RESIZE(p, n) */
static bool may_be_another(const struct ir *ir, int place)
{
    EACH (instr, &ir->code) {
        if (instr->kind == I_BRANCH && (instr->left.place == place || instr->right.place == place))
            return true;
        for (int i = 0; instr->kind == I_CALL && i < instr->arg_count; i++)
            if (instr->args[i].place == place &&
                !(instr->callee &&
                  (islower((unsigned char)*instr->callee) || *instr->callee == '_')))
                return true;
    }
    return false;
}

static void check_static(struct ir *ir, struct arena *arena, finding_vec *findings, int index,
                         int place)
{
    const char *what = NULL;
    if (ir->places.at[place].decl->type.is_array) {
        what = ir->places.at[place].decl->type.stars == 0 ? "a variable" : NULL;
    } else {
        bool first = true;
        if (has_address_taken(ir, place) || may_be_another(ir, place))
            return;
        EACH (instr, &ir->code) {
            if (instr->dst != place || instr->kind == I_DECLARE)
                continue;
            const char *one = never_allocated(ir, instr);
            if (!one || (!first && one != what))
                return;
            what = one;
            first = false;
        }
    }
    if (!what)
        return;
    struct finding *finding = report(ir, arena, findings, index, place);
    finding->message = arena_format(arena, "'%s' is %s, which nobody has allocated",
                                    place_text(ir, place), what);
    finding->advice = "do not free it";
}

/* free(&local) */
static void check_address(struct ir *ir, struct arena *arena, finding_vec *findings, int index)
{
    const struct instr *call = at(ir, index);
    if (call->kind != I_CALL || call->implicit || call->indirect || !call->callee ||
        call->arg_count != 1 || call->args[0].kind != O_ADDRESS ||
        !model_frees_memory(call->callee) || function_of(ir, call->callee))
        return;
    const struct place *place = &ir->places.at[call->args[0].place];
    const struct place *root = &ir->places.at[place->root];
    if (place->through || root->kind != P_LOCAL || !root->decl ||
        (root->decl->type.stars > 0 && place->kind == P_PART))
        return;
    struct finding *finding = report(ir, arena, findings, index, call->args[0].place);
    finding->message = arena_format(arena, "the address of the variable '%s' is freed",
                                    place_text(ir, call->args[0].place));
    finding->advice = "do not free it";
}

/* ---- free of what has a deallocator of its own ------------------------------------------------------ */

/* __attribute__((malloc(queue_drop))) struct queue *queue_make(int); … free(queue_make(3)) */
static void check_deallocator(struct ir *ir, struct arena *arena, finding_vec *findings, int index,
                              int place)
{
    const struct instr *made = NULL;
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *instr = at(ir, i);
        if (instr->kind == I_CALL && instr->callee && !instr->indirect &&
            place_variable(ir, i, instr->dst) == place && !made)
            made = instr;
        else if (instr->dst == place && instr->kind != I_DECLARE && instr->left.kind != O_NUMBER &&
                 !(made && made->next == i))
            return;
    }
    const char *release = made ? map_get(&ir->unit->deallocators, made->callee) : NULL;
    const char *callee = at(ir, index)->callee;
    if (!release || map_get(&ir->unit->ends, callee) || has_address_taken(ir, place) ||
        !reaches(ir, (int)(made - ir->code.at), index))
        return;
    struct finding *finding = report(ir, arena, findings, index, place);
    finding->message = arena_format(arena, "'%s' is released by %s, but %s declares %s for that",
                                    place_text(ir, place), callee, made->callee, release);
    finding_note(arena, finding, made->line, made->column, "acquired here");
    finding->advice = arena_format(arena, "call %s", release);
}

void check_mismatches(struct ir *ir, struct arena *arena, finding_vec *findings)
{
    for (int i = 0; i < ir->code.count; i++) {
        int place = freed(ir, at(ir, i));
        check_address(ir, arena, findings, i);
        if (place < 0)
            continue;
        check_inner(ir, arena, findings, i, place);
        check_static(ir, arena, findings, i, place);
        check_deallocator(ir, arena, findings, i, place);
    }
}
