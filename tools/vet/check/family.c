/* wrong-release: a member that vmalloc filled is given to kfree, in the same function. */
#include "check.h"
#include "names.h"
#include "reach.h"
#include "site_parts.h"

#include <string.h>

/* The member that the engine does not follow: p->table, and not one of many. */
static bool is_member(const struct ir *ir, int place)
{
    const struct place *part = place >= 0 ? &ir->places.at[place] : NULL;
    return part && part->kind == P_PART && part->index < 0 && !tracked(ir, place);
}

static bool is_mismatch(const char *acquire, const char *release)
{
    const struct acquirer *acquirer = model_acquirer(acquire);
    return model_mismatch(acquire, release) ||
           (acquirer && acquirer->argument < 0 && model_wrong_release(acquirer->resource, release));
}

struct filled {
    int place, release;
};

static enum reach find_release(const struct ir *ir, int index, void *data)
{
    const struct filled *filled = data;
    const struct instr *instr = at(ir, index);
    if (index == filled->release)
        return REACH_FOUND;
    bool set = instr->dst >= 0 && place_within(ir, filled->place, instr->dst);
    for (int i = 0; i < instr->arg_count; i++)
        set |= instr->args[i].kind == O_ADDRESS && instr->args[i].place >= 0 &&
               place_within(ir, filled->place, instr->args[i].place);
    return set ? REACH_STOP : REACH_ON;
}

/* The only statement that gives the member a value other than a null pointer, if it is a call; -1: there are others. */
static int only_source(const struct ir *ir, int place)
{
    int source = -1;
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *instr = at(ir, i);
        bool null = instr->kind == I_ASSIGN && instr->left.kind == O_NUMBER;
        if (instr->kind == I_CALL && !instr->implicit && instr->callee &&
            place_variable(ir, i, instr->dst) == place && source < 0)
            source = i;
        else if (instr->dst == place && !null && !(source >= 0 && at(ir, source)->next == i))
            return -1;
    }
    return source;
}

void check_families(struct ir *ir, struct arena *arena, finding_vec *findings)
{
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *release = at(ir, i);
        if (release->kind != I_CALL || release->implicit || release->indirect || !release->callee ||
            release->arg_count == 0 || release->args[0].kind != O_PLACE ||
            !is_member(ir, release->args[0].place))
            continue;
        struct filled filled = {release->args[0].place, i};
        int source = only_source(ir, filled.place);
        if (source < 0 || !is_mismatch(at(ir, source)->callee, release->callee) ||
            reach(ir, at(ir, source)->next, find_release, &filled) < 0)
            continue;
        struct finding *finding = finding_at(ir, arena, findings, "wrong-release", LEVEL_SURE,
                                             release);
        finding->about = place_text(ir, filled.place);
        finding->message = arena_format(
            arena, "'%s' is released by the function of another kind of resource", finding->about);
        finding_note(arena, finding, at(ir, source)->line, at(ir, source)->column,
                     "acquired here by '%s'", at(ir, source)->callee);
    }
}
