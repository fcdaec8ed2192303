/* leak: foo_free releases what its object holds, and forgets the object that foo_new of the same file has made. */
#include "check.h"
#include "harness.h"
#include "knowledge.h"
#include "names.h"
#include "prototype.h"
#include "site_parts.h"
#include "type.h"

#include <string.h>

static int only_parameter(const struct ir *ir)
{
    if (ir->function->parameters.count != 1)
        return -1;
    for (int place = 0; place < ir->places.count; place++)
        if (ir->places.at[place].kind == P_PARAMETER)
            return place;
    return -1;
}

/* Is the object itself, and not a member, handed to anything, kept or set to something? */
static bool touches(const struct ir *ir, const struct instr *instr, int object)
{
    if (instr->dst == object || (instr->kind != I_BRANCH && instr->left.place == object))
        return true;
    for (int i = 0; i < instr->arg_count; i++) {
        int place = instr->args[i].place;
        if (place >= 0 && (place == object || (ir->places.at[place].kind == P_VALUE &&
                                               place_within(ir, place, object))))
            return true;
    }
    return false;
}

/* foo->name = NULL; the object will be used again. */
static bool prepares(const struct ir *ir, const struct instr *instr, int object)
{
    return instr->dst >= 0 && ir->places.at[instr->dst].kind == P_PART &&
           ir->places.at[instr->dst].root == object;
}

/* The last release of a member, in a function that leaves the object alone; -1: it is another function. */
static int releases_members(const struct ir *ir, int object)
{
    int last = -1;
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *instr = at(ir, i);
        if (touches(ir, instr, object) || prepares(ir, instr, object))
            return -1;
        if (instr->kind != I_CALL || !instr->callee || instr->arg_count < 1 ||
            instr->args[0].kind != O_PLACE || name_releases(instr->callee) != 2)
            continue;
        const struct place *place = &ir->places.at[instr->args[0].place];
        if (place->kind == P_PART && place->parent == object && !strchr(place->text, '['))
            last = i;
    }
    return last;
}

/* The statement of a foo_new in this file that makes an object of that type, which it returns; -1: it is no such function. */
static int made_in(const struct ir *maker, const struct type *type)
{
    for (int i = 0; i < maker->code.count; i++) {
        const struct instr *call = at(maker, i);
        const struct acquirer *acquirer = call->kind == I_CALL && call->callee && call->dst >= 0
                                              ? model_acquirer(call->callee)
                                              : NULL;
        int place = acquirer && acquirer->resource == R_MEMORY && acquirer->argument < 0
                        ? place_variable(maker, i, call->dst)
                        : -1;
        if (place >= 0 && type_points_alike(type, place_type(maker, place)) &&
            place_is_returned(maker, place))
            return i;
    }
    return -1;
}

/* foo_free(foo); free(foo); somewhere else in the file: the caller frees it. */
static bool freed_in(const struct ir *ir, const struct type *type)
{
    EACH (call, &ir->code)
        if (call->kind == I_CALL && call->callee && call->arg_count > 0 &&
            call->args[0].place >= 0 && name_has(call->callee, "free") &&
            (model_frees_memory(call->callee) || name_is_constant(call->callee)) &&
            type_points_alike(type, place_type(ir, call->args[0].place)))
            return true;
    return false;
}

static bool pairs(const char *maker, const char *destructor)
{
    return name_makes(maker) && names_share_stem(maker, destructor);
}

void check_shells(struct ir *ir, const struct knowledge *knowledge, struct arena *arena,
                  finding_vec *findings)
{
    const char *name = ir->function->name;
    int object = name_destroys(name) && ir->function->type.stars == 0 ? only_parameter(ir) : -1;
    const struct type *type = object >= 0 ? place_type(ir, object) : NULL;
    int last = type ? releases_members(ir, object) : -1;
    const struct ir *maker = NULL;
    if (last < 0 || is_of_test(ir))
        return;
    EACH (other, &knowledge->irs) {
        bool makes = pairs(other->function->name, name) && made_in(other, type) >= 0;
        if (!makes && freed_in(other, type))
            return;
        maker = makes ? other : maker;
    }
    if (!maker)
        return;
    const struct instr *made = at(maker, made_in(maker, type));
    struct finding *finding = finding_at(ir, arena, findings, "leak", LEVEL_LIKELY, at(ir, last));
    finding->about = place_text(ir, object);
    finding->message = arena_format(
        arena, "%s releases what '%s' holds, but not '%s' itself, which %s has allocated", name,
        finding->about, finding->about, maker->function->name);
    finding_note(arena, finding, made->line, made->column, "acquired here");
    finding->advice = arena_format(arena, "free '%s' at the end of %s", finding->about, name);
}
