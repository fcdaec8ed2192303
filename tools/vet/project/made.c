#include "made.h"

#include "ir.h"
#include "names.h"

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

void made_learn(struct map *made, struct arena *arena, const struct ir *ir)
{
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *call = &ir->code.at[i];
        if (call->kind != I_CALL || call->implicit || call->indirect || !call->callee)
            continue;
        int place = place_variable(ir, i, call->dst);
        enum fate fate = holds_pointer(ir, place) ? fate_of(ir, i, place) : HANDED_ON;
        if (fate == HANDED_ON)
            continue;
        struct made_use *use = map_get(made, call->callee);
        if (!use) {
            use = NEW(arena, struct made_use);
            use->function = call->callee;
            map_set(made, call->callee, use);
        }
        use->released += fate == RELEASED;
        use->dropped += fate == DROPPED;
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
