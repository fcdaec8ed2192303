/* leak: an array is filled in a loop, and released in another one, which an exit from within the first does not reach. */
#include "check.h"
#include "engine_parts.h"
#include "harness.h"
#include "names.h"
#include "reach.h"
#include "site_parts.h"
#include "walk.h"

#include <string.h>

struct filling {
    int array, member, acquired;
    bool local; /* nobody else has the array */
};

static bool in_same_loop(const struct ir *ir, int a, int b)
{
    return reaches(ir, a, b) && reaches(ir, b, a);
}

static bool releases_element(const struct ir *ir, const struct instr *call, int array)
{
    int argument;
    if (call->kind != I_CALL || call->arg_count == 0 || !call->callee)
        return false;
    const struct place *place = call->args[0].place >= 0 ? &ir->places.at[call->args[0].place]
                                                         : NULL;
    return place && place->kind == P_PART && place->parent == array && place->index >= 0 &&
           call_releases(ir, call, call->args[0].place, &argument) == 2 && argument == 0;
}

/* A loop that releases elements, and does not acquire them: one of its statements, or -1. */
static int releasing_loop(const struct ir *ir, const struct filling *filling)
{
    for (int i = 0; i < ir->code.count; i++)
        if (releases_element(ir, at(ir, i), filling->array) && reaches(ir, i, i) &&
            !in_same_loop(ir, i, filling->acquired) && reaches(ir, filling->acquired, i))
            return i;
    return -1;
}

static bool is_in_releasing_loop(const struct ir *ir, int index, const struct filling *filling)
{
    for (int i = 0; i < ir->code.count; i++)
        if (releases_element(ir, at(ir, i), filling->array) &&
            (i == index || (in_same_loop(ir, i, index) && !in_same_loop(ir, i, filling->acquired))))
            return true;
    return false;
}

/* Does the function that is called get the array, an element, or an owner that it releases with all that it holds? */
static bool gets_part(const struct ir *ir, const struct instr *call, int argument,
                      const struct filling *filling)
{
    const struct operand *passed = &call->args[argument];
    const char *callee = call->callee ? call->callee : "";
    if (passed->place < 0 || model_known_harmless(callee))
        return false;
    bool releases = name_releases(callee) > 0;
    if (passed->kind == O_PLACE && passed->place == filling->member && *callee)
        return releases || name_keeps(callee) || name_gives(callee);
    return place_within(ir, passed->place, filling->array) ||
           (releases && place_within(ir, filling->array, passed->place));
}

static bool hands_on(const struct ir *ir, const struct instr *instr, const struct filling *filling)
{
    if (instr->kind == I_ASSIGN && instr->left.place >= 0 &&
        place_within(ir, instr->left.place, filling->array))
        return true;
    for (int i = 0; instr->kind == I_CALL && i < instr->arg_count; i++)
        if (gets_part(ir, instr, i, filling))
            return true;
    return false;
}

static bool returns_failure(const struct ir *ir, const struct instr *instr)
{
    const struct operand *result = &instr->left;
    if (result->kind == O_NUMBER)
        return result->number < 0 || (result->number == 0 && ir->function->type.stars > 0);
    if (result->kind == O_SYMBOL)
        return name_means(result->text) < 0;
    return result->kind == O_PLACE && place_is_error_number(ir, result->place);
}

static enum reach find_exit(const struct ir *ir, int index, void *data)
{
    const struct filling *filling = data;
    const struct instr *instr = at(ir, index);
    bool asks = instr->kind == I_BRANCH && instr->left.place == filling->array; /* if (list) … */
    if (asks || is_in_releasing_loop(ir, index, filling) || hands_on(ir, instr, filling))
        return REACH_STOP;
    if (instr->kind != I_RETURN)
        return REACH_ON;
    bool gives = instr->left.place >= 0 && place_within(ir, instr->left.place, filling->array);
    return gives || !(filling->local || returns_failure(ir, instr)) ? REACH_STOP : REACH_FOUND;
}

/* The array that the member is an element of, with an index that changes; -1: none. */
static int array_of(const struct ir *ir, int member)
{
    const struct place *place = member >= 0 ? &ir->places.at[member] : NULL;
    if (!place || place->kind != P_PART || place->index < 0 || place->text[0] == '*' ||
        ir->places.at[place->root].kind == P_GLOBAL)
        return -1;
    return place->parent;
}

static bool is_own_array(const struct ir *ir, int array)
{
    const struct place *place = &ir->places.at[array];
    return place->kind == P_LOCAL && place->decl && place->decl->type.is_array &&
           !place->decl->type.is_static && !place->decl->attribute;
}

static bool makes(const struct ir *ir, const struct instr *call)
{
    const struct acquirer *acquirer = model_acquirer(call->callee);
    return acquirer ? acquirer->argument < 0
                    : name_makes(call->callee) || told_release(ir, call->callee);
}

static void check_filling(struct ir *ir, struct arena *arena, finding_vec *findings,
                          struct filling filling)
{
    int release = reaches(ir, filling.acquired, filling.acquired) ? releasing_loop(ir, &filling)
                                                                  : -1;
    int exit = release < 0 ? -1
                           : reach_nonzero(ir, after_setting(ir, filling.acquired, filling.member),
                                           place_counter(ir, filling.member), find_exit, &filling);
    if (exit < 0)
        return;
    const struct instr *call = at(ir, filling.acquired), *end = at(ir, release);
    struct finding *finding = finding_at(ir, arena, findings, "leak", LEVEL_LIKELY, at(ir, exit));
    finding->about = place_text(ir, filling.array);
    finding->message = arena_format(
        arena, "what the elements of '%s' hold is not released on this exit", finding->about);
    finding_note(arena, finding, call->line, call->column, "acquired here, one in each round");
    finding_note(arena, finding, end->line, end->column, "released here on another path");
    finding->advice = "release the elements of the earlier rounds before this exit";
}

void check_elements(struct ir *ir, struct arena *arena, finding_vec *findings)
{
    if (strcmp(ir->function->name, "main") == 0 || is_of_test(ir))
        return;
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *call = at(ir, i);
        if (call->kind != I_CALL || call->implicit || call->indirect || !call->callee ||
            call->dst < 0 || !makes(ir, call))
            continue;
        int member = place_variable(ir, i, call->dst), array = array_of(ir, member);
        if (array >= 0)
            check_filling(ir, arena, findings,
                          (struct filling){array, member, i, is_own_array(ir, array)});
    }
}
