#include "made.h"

#include "ir.h"
#include "names.h"

#include <stdio.h>

#define ENOUGH 5 /* callers that leave it alone */

enum fate { DROPPED, RELEASED, HANDED_ON };

static bool mentions(const struct instr *call, int place)
{
    for (int i = 0; i < call->arg_count; i++)
        if (call->args[i].place == place)
            return true;
    return false;
}

/* free(p), pool_free(pool, p); not mailbox_delete(name), attribute_put(message, value). */
static bool releases(const struct instr *call, int place)
{
    if (call->implicit || !call->callee)
        return true;
    bool alone = call->arg_count == 1 && call->args[0].place == place;
    return name_frees(call->callee) ? !name_has(call->callee, "delete") || alone
                                    : alone && name_releases(call->callee) == 2;
}

/* What becomes of the value that the statement `made` gives to the place, in the order of the text? */
static enum fate fate_of(const struct ir *ir, int made, int place)
{
    enum fate fate = DROPPED;
    for (int i = made + 1; i < ir->code.count; i++) {
        const struct instr *instr = &ir->code.at[i];
        bool leaves = instr->left.kind == O_PLACE && instr->left.place == place &&
                      (instr->kind == I_RETURN || instr->kind == I_ASSIGN);
        if (instr->kind == I_CALL && mentions(instr, place) && releases(instr, place))
            return RELEASED;
        if (leaves)
            fate = HANDED_ON;
    }
    return fate;
}

static bool holds_pointer(const struct ir *ir, int place)
{
    const struct place *at = place >= 0 ? &ir->places.at[place] : NULL;
    return at && at->kind == P_LOCAL && at->decl && at->decl->type.stars == 1 &&
           !at->decl->attribute;
}

static void learn(struct map *made, struct arena *arena, const char *maker, enum fate fate)
{
    if (fate == HANDED_ON)
        return;
    struct made_use *use = map_get(made, maker);
    if (!use) {
        use = NEW(arena, struct made_use);
        use->function = maker;
        map_set(made, maker, use);
    }
    use->released += fate == RELEASED;
    use->dropped += fate == DROPPED;
}

const char *made_by_address(const char *function)
{
    char name[200];
    snprintf(name, sizeof(name), "&%s", function);
    return intern_string(name);
}

void made_learn(struct map *made, struct arena *arena, const struct ir *ir)
{
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *call = &ir->code.at[i];
        if (call->kind != I_CALL || call->implicit || call->indirect || !call->callee)
            continue;
        int place = place_variable(ir, i, call->dst);
        if (holds_pointer(ir, place))
            learn(made, arena, call->callee, fate_of(ir, i, place));
        for (int k = 0; k < call->arg_count; k++)
            if (call->args[k].kind == O_ADDRESS && holds_pointer(ir, call->args[k].place))
                learn(made, arena, made_by_address(call->callee),
                      fate_of(ir, i, call->args[k].place));
    }
}

bool made_is_lent(struct made_use use)
{
    return use.dropped >= ENOUGH && use.released * 10 < use.dropped;
}

bool made_is_doubtful(struct made_use use)
{
    return use.dropped >= 3 && use.released < 2 * use.dropped;
}
