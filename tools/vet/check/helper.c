/* double-release: a member is released, and then the function that releases the members of its object is called. */
#include "check.h"
#include "knowledge.h"
#include "names.h"
#include "reach.h"

#include <string.h>

static const char *field_of(const struct ir *ir, int place)
{
    const char *text = ir->places.at[place].text, *arrow = strrchr(text, '>');
    return arrow ? arrow + 1 : NULL;
}

/* close(object->fd), free(object->name): the member; -1: it is no such call. */
static int released_member(const struct ir *ir, const struct instr *call)
{
    if (call->kind != I_CALL || call->implicit || call->deferred || call->indirect ||
        !call->callee || call->arg_count != 1 || call->args[0].kind != O_PLACE ||
        name_counts(call->callee) || name_releases(call->callee) != 2 ||
        name_is_constant(call->callee))
        return -1;
    const struct place *place = &ir->places.at[call->args[0].place];
    bool member = place->kind == P_PART && place->through && place->parent == place->root &&
                  !strchr(place->text, '[') && place->text[0] != '*';
    return member ? call->args[0].place : -1;
}

struct again {
    const struct knowledge *knowledge;
    int object, member;
    const char *callee; /* that has released the member */
};

/* Does the function of this file release the same member of its parameter by the same function, whatever it holds? */
static bool helper_releases(const struct again *again, const struct ir *ir,
                            const struct instr *call)
{
    const struct ir *helper = call->callee && !call->indirect
                                  ? map_get(&again->knowledge->by_name, call->callee)
                                  : NULL;
    const char *field = field_of(ir, again->member);
    if (!helper || helper == ir || !field || call->arg_count != 1)
        return false;
    EACH (instr, &helper->code) {
        int member = released_member(helper, instr);
        if (member >= 0 && instr->callee == again->callee && field_of(helper, member) &&
            strcmp(field_of(helper, member), field) == 0 &&
            helper->places.at[helper->places.at[member].root].kind == P_PARAMETER)
            return true;
    }
    return false;
}

static enum reach find_helper(const struct ir *ir, int index, void *data)
{
    const struct again *again = data;
    const struct instr *instr = at(ir, index);
    if (instr->dst >= 0 && place_within(ir, again->member, instr->dst))
        return REACH_STOP;
    if (instr->kind == I_BRANCH)
        return REACH_STOP;
    if (instr->kind != I_CALL || instr->implicit)
        return REACH_ON;
    for (int i = 0; i < instr->arg_count; i++) {
        int place = instr->args[i].place;
        if (place < 0 || !place_within(ir, again->member, place))
            continue;
        bool object = place == again->object && instr->args[i].kind == O_PLACE;
        return object && helper_releases(again, ir, instr) ? REACH_FOUND : REACH_STOP;
    }
    return REACH_ON;
}

void check_helpers(struct ir *ir, const struct knowledge *knowledge, struct arena *arena,
                   finding_vec *findings)
{
    for (int i = 0; i < ir->code.count; i++) {
        struct again again = {.knowledge = knowledge, .member = released_member(ir, at(ir, i))};
        if (again.member < 0)
            continue;
        again.object = ir->places.at[again.member].root;
        again.callee = at(ir, i)->callee;
        int second = reach(ir, at(ir, i)->next, find_helper, &again);
        if (second < 0)
            continue;
        const struct instr *call = at(ir, second);
        struct finding *finding = finding_at(ir, arena, findings, "double-release", LEVEL_SURE,
                                             call);
        finding->about = place_text(ir, again.member);
        finding->message = arena_format(arena, "'%s' is released a second time by %s",
                                        place_text(ir, again.member), call->callee);
        finding_note(arena, finding, at(ir, i)->line, at(ir, i)->column, "released here");
        finding->advice = arena_format(arena, "set %s to a null value after its release",
                                       place_text(ir, again.member));
    }
}
