/* Is it certain that both events of a double release happen? On most paths that only the conditions of a large function could rule
 * out, they do not: so what is reported at the usual level has one of three shapes. */
#include "names.h"
#include "reach.h"
#include "verdict.h"

#include <ctype.h>
#include <string.h>

struct shape {
    const struct ir *ir;
    int first, second, place;
};

/* The first event has come, or the place has another value by then: nothing follows from this path. */
static enum reach second_without_first(const struct ir *ir, int index, void *data)
{
    const struct shape *shape = data;
    (void)ir;
    return index == shape->second ? REACH_FOUND : index == shape->first ? REACH_STOP : REACH_ON;
}

static bool sets(const struct instr *instr, int place)
{
    return place >= 0 && instr->dst == place;
}

static enum reach end_without_second(const struct ir *ir, int index, void *data)
{
    const struct shape *shape = data;
    const struct instr *instr = &ir->code.at[index];
    if (index == shape->second)
        return REACH_STOP;
    return instr->kind == I_RETURN || sets(instr, shape->place) ? REACH_FOUND : REACH_ON;
}

/* Every way to the second event leads over the first one. */
static bool first_always_before(struct shape *shape, int acquired)
{
    return reach_set(shape->ir, acquired > 0 ? shape->ir->code.at[acquired].next : 0, shape->place,
                     second_without_first, shape) < 0;
}

/* Every way from the first event leads to the second one. */
static bool second_always_after(struct shape *shape)
{
    return reach(shape->ir, shape->ir->code.at[shape->first].next, end_without_second, shape) < 0;
}

/* The path between the two events goes back in the text: another round of a loop, or another try. */
static bool turns_back(const struct event *event)
{
    const struct state *after = event->state;
    for (const struct state *at = after->from; at; after = at, at = at->from) {
        if (at->instr > after->instr)
            return true;
        if (at->instr == event->state->released)
            return false;
    }
    return false;
}

/* fatal("…"), CHECK_ARGUMENTS(3): perhaps the call does not come back. */
static bool may_leave(const struct ir *ir, const struct instr *call)
{
    static const char *const words[] = {"exit",  "fatal", "die",  "abort", "panic",
                                        "usage", "throw", "bail", "fail",  NULL};
    if (call->kind != I_CALL || !call->callee || call->implicit)
        return false;
    if (name_has_any(call->callee, words))
        return true;
    return name_is_constant(call->callee) && !macros_find(&ir->unit->macros, call->callee);
}

static bool asked_or_set_until(const struct ir *ir, const struct state *at, int place)
{
    for (; at; at = at->from) {
        const struct instr *instr = &ir->code.at[at->instr];
        if (instr->dst == place || (instr->kind == I_BRANCH && instr->left.place == place))
            return true;
    }
    return false;
}

/* failed = true; Such an assignment, unlike err = next(list), may be what keeps the path from the second event. */
static bool is_flag(const struct ir *ir, const struct instr *instr, int place)
{
    return instr->kind == I_ASSIGN && instr->dst == place &&
           !(instr->left.place >= 0 && ir->places.at[instr->left.place].kind == P_TEMPORARY);
}

/* Between the two events: does the place get a value that says nothing of what was before, as err = next(list)? Or is it a flag? */
enum value { VALUE_OLD, VALUE_NEW, VALUE_FLAG };

static enum value value_between(const struct ir *ir, const struct event *event, int place)
{
    for (const struct state *at = event->state->from; at && at->instr != event->state->released;
         at = at->from) {
        const struct instr *instr = &ir->code.at[at->instr];
        if (instr->dst == place)
            return is_flag(ir, instr, place) ? VALUE_FLAG : VALUE_NEW;
    }
    return VALUE_OLD;
}

/* A condition on what is released, or on whether the release has worked, tells nothing else. */
static bool tells_nothing(const struct ir *ir, const struct instr *branch,
                          const struct shape *shape)
{
    return branch->implicit || branch->left.place == shape->place ||
           (branch->left.place >= 0 && branch->left.place == ir->code.at[shape->first].dst);
}

/* Between the events is at most one condition, and nothing that came before the first event has to do with it. */
static bool nearly_straight(const struct event *event, const struct shape *shape)
{
    const struct ir *ir = shape->ir;
    const struct state *first = event->state->from;
    int conditions = 0;
    while (first && first->instr != shape->first)
        first = first->from;
    for (const struct state *at = event->state->from; at && at != first; at = at->from) {
        const struct instr *branch = &ir->code.at[at->instr];
        if (branch->kind != I_BRANCH || tells_nothing(ir, branch, shape))
            continue;
        int asked = branch->left.place;
        if (++conditions > 1 || asked < 0)
            return false;
        enum value value = value_between(ir, event, asked);
        if (value == VALUE_FLAG || (value == VALUE_OLD && asked_or_set_until(ir, first, asked)))
            return false;
    }
    return first != NULL && !turns_back(event);
}

bool sequence_is_certain(const struct ir *ir, const struct event *event, int place)
{
    struct shape shape = {ir, event->state->released, event->instr, place};
    if (shape.first < 0)
        return false;
    for (const struct state *at = event->state->from; at && at->instr != shape.first; at = at->from)
        if (may_leave(ir, &ir->code.at[at->instr]))
            return false;
    return first_always_before(&shape, event->state->acquired) || second_always_after(&shape) ||
           nearly_straight(event, &shape);
}
