#include "engine_parts.h"
#include "knowledge.h"
#include "names.h"

#include <string.h>

#define MOST_STEPS 150000
#define MOST_SUMMARY_STEPS 20000

static bool uses(const struct simulation *simulation, const struct state *state,
                 const struct operand *operand)
{
    if (operand->place < 0 || operand->kind != O_PLACE)
        return false;
    for (int i = 0; i < state->alias_count; i++)
        if (operand->place != state->aliases[i] &&
            simulation->ir->places.at[operand->place].through &&
            place_within(simulation->ir, operand->place, state->aliases[i]))
            return true;
    for (int i = 0; i < state->holder_count; i++)
        if (place_is_behind(simulation->ir, operand->place, state->holders[i]))
            return true;
    return false;
}

/* p->count = 0 */
static bool sets_inside(const struct simulation *simulation, const struct state *state,
                        const struct instr *instr)
{
    struct operand target = {.kind = O_PLACE, .place = instr->dst};
    return instr->kind != I_DECLARE && instr->dst >= 0 &&
           simulation->ir->places.at[instr->dst].kind == P_PART && uses(simulation, state, &target);
}

static bool points_inside(const struct ir *ir, const struct state *state,
                          const struct operand *operand)
{
    if (operand->kind != O_PLACE)
        return false;
    const struct place *place = &ir->places.at[operand->place];
    if (place->kind == P_VALUE && place->text[0] == '+')
        EACH (part, &place->parts)
            if (is_alias(state, *part))
                return true;
    return is_alias(state, operand->place);
}

static void find_use(struct simulation *simulation, const struct state *state,
                     const struct instr *instr, int index)
{
    if (state->phase != RELEASED || state->weak || simulation->site->argument)
        return;
    const struct instr *release = &simulation->ir->code.at[state->released];
    bool early = release->implicit || release->deferred;
    if (instr->kind == I_RETURN && simulation->ir->function->type.stars > 0 &&
        points_inside(simulation->ir, state, &instr->left))
        note(simulation, early ? EV_RETURNED : EV_USE, index, state); /* strrchr(text, '/') */
    if (instr->kind == I_RETURN && early)
        return; /* the result was computed before the cleanup */
    bool used = uses(simulation, state, &instr->left) || uses(simulation, state, &instr->right) ||
                sets_inside(simulation, state, instr);
    for (int i = 0; i < instr->arg_count; i++)
        used |= uses(simulation, state, &instr->args[i]) ||
                points_inside(simulation->ir, state, &instr->args[i]);
    if (used)
        note(simulation, EV_USE, index, state);
}

static bool is_status(const struct ir *ir, int place)
{
    const struct decl *decl = ir->places.at[place].decl;
    return decl && decl->type.stars == 0 && decl->type.count == 1 &&
           strcmp(decl->type.words[0], "int") == 0;
}

/* return f(p), from a function whose result is a number: what f does with p, its name and other calls tell. */
static bool returns_status(const struct ir *ir)
{
    const struct type *type = &ir->function->type;
    return type->stars == 0 && type->count > 0 &&
           (strcmp(type->words[type->count - 1], "int") == 0 ||
            strcmp(type->words[type->count - 1], "bool") == 0);
}

/* return buffer.text, from a function that returns a pointer: the caller gets what the structure held. */
static bool returns_content(const struct simulation *simulation, const struct state *state,
                            const struct operand *result)
{
    const struct ir *ir = simulation->ir;
    if (!simulation->site->by_address || result->kind != O_PLACE || ir->function->type.stars == 0 ||
        ir->places.at[result->place].kind != P_PART || ir->places.at[result->place].through)
        return false;
    for (int i = 0; i < state->holder_count; i++)
        if (place_within(ir, result->place, state->holders[i]))
            return true;
    return false;
}

static bool only_borrows(const struct simulation *simulation, const struct instr *call,
                         int argument)
{
    if (!simulation->knowledge)
        return false;
    struct parameter_summary does = knowledge_parameter(simulation->knowledge, call, argument);
    return does.effect == EFFECT_NONE && call->args[argument].kind == O_PLACE;
}

static void leave_given(struct simulation *simulation, struct state *state, int index)
{
    if (state->phase == HELD)
        escape(simulation, state, index);
    if (state->given)
        note(simulation, EV_GIVEN_EXIT, index, state);
}

/* return p->ops, a member that nothing ever sets: an array, with which p begins. */
static bool returns_array(const struct ir *ir, const struct state *state,
                          const struct operand *value)
{
    const struct place *part = value->kind == O_PLACE ? &ir->places.at[value->place] : NULL;
    bool used = false;
    if (!part || part->kind != P_PART || !part->through || !holds(state, part->parent) ||
        strncmp(part->text + strlen(ir->places.at[part->parent].text), "->", 2) != 0)
        return false;
    EACH (instr, &ir->code) {
        if (instr->dst == value->place)
            return false;
        used |= instr->dst >= 0 && ir->places.at[instr->dst].parent == value->place;
        for (int i = 0; instr->kind == I_CALL && i < instr->arg_count; i++)
            if (instr->args[i].kind == O_ADDRESS && instr->args[i].place == value->place)
                return false;
    }
    return used;
}

static void do_return(struct simulation *simulation, struct state *state, const struct instr *instr,
                      int index)
{
    enum carry carry = state->phase == NOT_HELD ? CARRIES_NOT
                                                : carries(simulation, state, &instr->left);
    if (state->phase == RELEASED) {
        const struct instr *release = &simulation->ir->code.at[state->released];
        if (carry == CARRIES_VALUE && (release->implicit || release->deferred))
            note(simulation, EV_RETURNED, index, state);
        note(simulation, EV_RELEASED_EXIT, index, state);
        return;
    }
    if (state->phase != HELD) {
        leave_given(simulation, state, index);
        return;
    }
    if ((instr->left.kind == O_PLACE && is_alias(state, instr->left.place)) ||
        returns_content(simulation, state, &instr->left) ||
        returns_array(simulation->ir, state, &instr->left)) {
        leave_given(simulation, state, index);
        return;
    }
    bool inside = false; /* return *p, return p->field: for a part it is not given away */
    if (carry == CARRIES_VALUE || carry == CARRIES_ADDRESS || carry == CARRIES_WITHIN ||
        carry == CARRIES_INTERIOR) {
        leave_given(simulation, state, index);
        return;
    }
    /* return f(p): f may have taken it. */
    if (instr->left.kind == O_PLACE && state->from && simulation->parameter < 0 &&
        !returns_status(simulation->ir) && simulation->site->resource != R_CONTEXT) {
        const struct state *before = state;
        for (int steps = 0; before && steps < 4; steps++, before = before->from) {
            const struct instr *last = &simulation->ir->code.at[before->instr];
            if (last->kind != I_CALL || last->dst != instr->left.place ||
                is_status(simulation->ir, instr->left.place) ||
                (last->callee && model_harmless(last->callee)))
                continue;
            for (int i = 0; i < last->arg_count; i++)
                inside |= carries(simulation, state, &last->args[i]) != CARRIES_NOT &&
                          !only_borrows(simulation, last, i);
        }
    }
    if (inside)
        leave_given(simulation, state, index);
    else
        note(simulation, EV_EXIT, index, state);
}

static void drop_aliases(const struct ir *ir, struct state *state, int place)
{
    for (int i = state->alias_count - 1; i >= 0; i--)
        /* NOLINTNEXTLINE(clang-analyzer-security.ArrayBound): the count is never more than the array has */
        if (place >= 0 && place_within(ir, state->aliases[i], place))
            state->aliases[i] = state->aliases[--state->alias_count];
}

/* file = strrchr(path, '/'): file points into path from now on. */
static void follow_alias(const struct ir *ir, struct state *state, const struct instr *instr)
{
    static const char *const names[] = {
        "basename", "dirname", "strchr",     "strrchr", "strstr",   "strpbrk",   "memchr", "index",
        "rindex",   "strtok",  "strcasestr", "memrchr", "strtok_r", "strchrnul", "memmem", NULL};
    if (instr->dst < 0 || state->phase == NOT_HELD)
        return;
    const struct operand *source = instr->kind == I_ASSIGN ? &instr->left
                                   : instr->kind == I_CALL && instr->callee &&
                                           instr->arg_count > 0 && word_in(instr->callee, names)
                                       ? &instr->args[0]
                                       : NULL;
    bool points = source && source->kind == O_PLACE &&
                  ((instr->kind == I_CALL && state->phase == HELD && holds(state, source->place)) ||
                   points_inside(ir, state, source)); /* file = slash + 1 */
    bool address = source && instr->kind == I_ASSIGN && source->kind == O_ADDRESS &&
                   ir->places.at[source->place].through;
    for (int i = 0; address && i < state->holder_count; i++)
        points |= place_within(ir, source->place, state->holders[i]);
    for (int i = 0; address && i < state->alias_count; i++)
        points |= place_within(ir, source->place, state->aliases[i]);
    drop_aliases(ir, state, instr->dst);
    if (points && !holds(state, instr->dst) && state->alias_count < MOST_ALIASES &&
        ir->places.at[instr->dst].kind != P_GLOBAL)
        state->aliases[state->alias_count++] = instr->dst;
}

static void step(struct simulation *simulation, const struct state *at)
{
    struct state state = *at;
    int index = at->instr;
    const struct instr *instr = &simulation->ir->code.at[index];
    state.from = at;
    find_use(simulation, &state, instr, index);
    if (!simulation->site->argument)
        follow_alias(simulation->ir, &state, instr);
    if (!learn_pointers(simulation, &state, instr))
        return;
    switch (instr->kind) {
    case I_JOIN:
        if (instr->label && name_means_failure(instr->label))
            state.failing = true;
        follow(simulation, &state, instr->next);
        break;
    case I_DECLARE:
        overwrite(simulation, &state, index, instr->dst);
        state.facts = facts_forget(simulation->arena, simulation->ir, state.facts, instr->dst);
        follow(simulation, &state, instr->next);
        break;
    case I_ASSIGN:
        if (do_assign(simulation, &state, instr, index))
            follow(simulation, &state, instr->next);
        break;
    case I_CALL: do_call(simulation, &state, index); break;
    case I_BRANCH: do_branch(simulation, &state, instr); break;
    case I_RETURN: do_return(simulation, &state, instr, index); break;
    case I_STOP: break;
    }
}

/* flags, of `flags & A`; -1: another expression. */
int masked_by(const struct ir *ir, int place)
{
    const struct place *mask = place >= 0 ? &ir->places.at[place] : NULL;
    return mask && mask->kind == P_VALUE && strncmp(mask->text, "&(", 2) == 0 &&
                   mask->parts.count == 1
               ? mask->parts.at[0]
               : -1;
}

/* Facts are kept of places that are tested or returned, or copied to such a place. */
static void mark_tested(const struct ir *ir, unsigned char *tested)
{
    for (int round = 0; round < 3; round++)
        EACH (instr, &ir->code) {
            if (instr->kind == I_BRANCH || instr->kind == I_RETURN) {
                if (instr->left.place >= 0)
                    tested[instr->left.place] |= 1;
                if (instr->right.place >= 0)
                    tested[instr->right.place] |= 1;
            }
            int masked = instr->kind == I_BRANCH ? masked_by(ir, instr->left.place) : -1;
            if (masked >= 0)
                tested[masked] |= MASKED;
            if (instr->kind == I_ASSIGN && instr->left.place >= 0 && (tested[instr->dst] & 1))
                tested[instr->left.place] |= 1;
        }
}

void simulate(struct simulation *simulation)
{
    const struct ir *ir = simulation->ir;
    if (ir->code.count == 0)
        return;
    struct queue queue = {0};
    queue.seen = arena_take(simulation->arena, sizeof(*queue.seen) * (size_t)ir->code.count);
    queue.tested = arena_take(simulation->arena, (size_t)ir->places.count + 1);
    mark_tested(ir, queue.tested);
    for (int i = 0; i < ir->places.count; i++)
        if ((queue.tested[i] & 1) && masked_by(ir, i) >= 0)
            *ADD(simulation->arena, &queue.masks) = i;
    asked_find(simulation->ir);
    if (!ir->zero)
        simulation->ir->zero = zero_fails(ir) ? 2 : 1;
    simulation->queue = &queue;
    struct state first = {.phase = NOT_HELD, .acquired = -1, .released = -1, .facts = facts_none()};
    if (simulation->parameter >= 0) {
        first.phase = HELD;
        add_holder(&first, simulation->parameter);
    }
    follow(simulation, &first, 0);
    while (queue.next < queue.waiting.count) {
        if (simulation->steps++ > (simulation->parameter < 0 ? MOST_STEPS : MOST_SUMMARY_STEPS)) {
            simulation->gave_up = true;
            break;
        }
        step(simulation, queue.waiting.at[queue.next++]);
    }
}
