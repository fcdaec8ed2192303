/* Which operands carry the resource, and what an assignment does with it. */
#include "engine_parts.h"
#include "names.h"

#include <string.h>

bool derived_from_holder(const struct ir *ir, const struct state *state, int value)
{
    const struct place *place = &ir->places.at[value];
    if (!place->holds && !strchr("+-|&", place->text[0]))
        return false;
    EACH (part, &place->parts)
        if (holds(state, *part) ||
            (ir->places.at[*part].kind == P_VALUE && derived_from_holder(ir, state, *part)))
            return true;
    return false;
}

/* A pointer into a string: nobody can release the string by it. */
static bool is_text(const struct place *place)
{
    return place->decl && place->decl->type.count > 0 &&
           strcmp(place->decl->type.words[place->decl->type.count - 1], "char") == 0;
}

/* &writer.base, where writer.fd is the holder: from the one the other can be found. */
static bool shares_structure(const struct ir *ir, int holder, int place)
{
    const struct place *a = &ir->places.at[holder], *b = &ir->places.at[place];
    return a->kind == P_PART && b->kind == P_PART && !a->through && !b->through &&
           a->root == b->root && strchr(b->text, '[') == NULL;
}

enum carry carries(const struct simulation *simulation, const struct state *state,
                   const struct operand *operand)
{
    const struct ir *ir = simulation->ir;
    if (operand->place < 0)
        return CARRIES_NOT;
    int place = operand->place;
    if (simulation->site->argument)
        return CARRIES_NOT;
    if (holds(state, place))
        return operand->kind == O_ADDRESS ? CARRIES_ADDRESS : CARRIES_VALUE;
    const struct place *at = &ir->places.at[place];
    if (at->kind == P_PART && !at->through && strchr(at->text, '[') && holds(state, at->parent) &&
        ir->places.at[at->parent].decl && ir->places.at[at->parent].decl->type.is_array)
        return CARRIES_VALUE; /* one descriptor of a pair */
    if (at->kind == P_VALUE)
        return derived_from_holder(ir, state, place) ? (at->holds ? CARRIES_WITHIN : CARRIES_VALUE)
                                                     : CARRIES_NOT;
    if (operand->kind == O_PLACE && is_alias(state, place) && !is_text(at))
        return CARRIES_INTERIOR;
    for (int i = 0; i < state->holder_count; i++) {
        int holder = state->holders[i];
        /* NOLINTNEXTLINE(readability-suspicious-call-argument): the holder is within the place */
        if (ir->places.at[holder].kind == P_PART && place_within(ir, holder, place))
            return CARRIES_WITHIN; /* the struct that has a field with it */
        if (operand->kind == O_ADDRESS && shares_structure(ir, holder, place))
            return CARRIES_WITHIN;
        if (operand->kind == O_ADDRESS && place_within(ir, place, holder) && at->through)
            return CARRIES_INTERIOR;
    }
    return CARRIES_NOT;
}

static bool is_pointer(const struct ir *ir, int place)
{
    const struct decl *decl = ir->places.at[place].decl;
    return decl && decl->type.stars > 0 && !decl->type.is_array;
}

bool can_hold(const struct ir *ir, int place)
{
    const struct place *at = &ir->places.at[place];
    if (at->kind == P_LOCAL || at->kind == P_TEMPORARY)
        return true;
    if (at->kind == P_PART && at->index >= 0)
        return false; /* parts[n++] = p: whoever has all of them */
    if (at->kind == P_PART && strchr(at->text, '[') && is_pointer(ir, at->root))
        return false; /* list[i] = p, where list is the address of an array elsewhere */
    enum place_kind root = ir->places.at[at->root].kind;
    return at->kind == P_PART && !at->through && (root == P_LOCAL || root == P_TEMPORARY);
}

/* p = p->next while p->lock is held: from here on the name means another lock. */
static bool renames_lock(const struct simulation *simulation, int dst)
{
    const struct site *site = simulation->site;
    if (!site->argument || site->place < 0)
        return false;
    const struct place *lock = &simulation->ir->places.at[site->place];
    return lock->kind == P_PART && lock->through && dst != site->place &&
           place_within(simulation->ir, site->place, dst);
}

/* list_from_array(&fd, 1); fd = -1; */
static bool address_was_passed(const struct simulation *simulation, const struct state *state,
                               int place)
{
    for (const struct state *at = state->from; at && at->instr != state->acquired; at = at->from) {
        const struct instr *instr = &simulation->ir->code.at[at->instr];
        for (int i = 0; instr->kind == I_CALL && i < instr->arg_count; i++)
            if (instr->args[i].kind == O_ADDRESS && instr->args[i].place == place)
                return true;
    }
    return false;
}

/* `x = NULL` after x was passed to a function: the value has a new owner. */
static bool gives_up(const struct simulation *simulation, const struct state *state, int index)
{
    const struct instr *instr = &simulation->ir->code.at[index];
    if (instr->kind != I_ASSIGN || instr->left.kind != O_NUMBER || instr->left.number > 0)
        return false;
    return state->pass_count > 0 || address_was_passed(simulation, state, instr->dst);
}

/* `dst` gets another value. Returns false if the path need not be followed further. */
bool overwrite(struct simulation *simulation, struct state *state, int instr, int dst)
{
    const struct ir *ir = simulation->ir;
    if (state->phase == NOT_HELD || dst < 0)
        return true;
    if (renames_lock(simulation, dst)) {
        state->phase = RELEASED;
        state->released = state->acquired;
        state->weak = true;
        return true;
    }
    bool held = state->holder_count > 0;
    for (int i = state->holder_count - 1; i >= 0; i--)
        /* NOLINTNEXTLINE(clang-analyzer-security.ArrayBound): the count is never more than the array has */
        if (place_within(ir, state->holders[i], dst))
            drop_holder(state, i);
    if (!held || state->holder_count > 0 || simulation->site->argument)
        return true;
    if (state->phase == HELD && !simulation->site->by_address) {
        const struct facts *facts = state->facts;
        struct operand value = {.kind = O_PLACE, .place = dst};
        if (facts_of(facts, &value).signs != ZERO)
            note(simulation, gives_up(simulation, state, instr) ? EV_ESCAPE : EV_LOST, instr,
                 state);
    }
    state->phase = NOT_HELD;
    state->acquired = state->released = -1;
    return true;
}

/* A parameter is followed further, to see how the function ends. */
bool escape(struct simulation *simulation, struct state *state, int instr)
{
    if (state->phase == HELD)
        note(simulation, EV_ESCAPE, instr, state);
    if (simulation->parameter < 0)
        return false;
    state->phase = NOT_HELD;
    state->holder_count = state->alias_count = 0;
    state->given = true;
    return true;
}

static bool matters(const struct simulation *simulation, int place)
{
    return place < simulation->ir->places.count && (simulation->queue->tested[place] & 1);
}

/* "flags |= (A | B)" as a place: `|=(|(A,B,),flags,)`. Are all that is added constants? */
static bool adds_constants(const struct ir *ir, const struct place *value, int dst)
{
    EACH (part, &value->parts)
        if (*part != dst &&
            (ir->places.at[*part].kind != P_VALUE || ir->places.at[*part].parts.count > 0))
            return false;
    return true;
}

/* Is the constant of "&(flags,A,)" one of those in the text? */
static bool names_mask(const char *text, const char *mask)
{
    const char *name = strchr(mask, ',');
    size_t length = name ? strcspn(name + 1, ",") : 0;
    if (length < 2)
        return false;
    for (const char *at = strstr(text, "("); at; at = strpbrk(at + 1, "(,"))
        if (strncmp(at + 1, name + 1, length) == 0 && at[1 + length] == ',')
            return true;
    return false;
}

/* error |= ALERT | FATAL; then `error & ANY_FAILURE` is not zero; nor is `flags & A` after flags |= A. */
static void set_bits(struct simulation *simulation, struct state *state, int dst,
                     const struct operand *value)
{
    const struct ir *ir = simulation->ir;
    bool none = value->kind == O_NUMBER && value->number == 0;
    if (dst >= ir->places.count || !(simulation->queue->tested[dst] & MASKED) ||
        (!none && value->kind != O_PLACE))
        return;
    static const struct place nothing = {.text = ""};
    const struct place *set = none ? &nothing : &ir->places.at[value->place];
    bool added = strncmp(set->text, "|=(", 3) == 0, removed = strncmp(set->text, "&=(~(", 5) == 0;
    if (!none && ((!added && !removed) || !adds_constants(ir, set, dst)))
        return;
    const char *name = place_text(ir, dst);
    bool status = added && (strstr(name, "err") || name_is_status(name));
    if (added && matters(simulation, dst))
        state->facts = facts_set(simulation->arena, ir, state->facts,
                                 (struct fact){.place = dst, .signs = NEGATIVE | POSITIVE});
    EACH (mask, &simulation->queue->masks) {
        if (masked_by(ir, *mask) == dst &&
            (none || status || names_mask(set->text, ir->places.at[*mask].text)))
            state->facts = facts_set(
                simulation->arena, ir, state->facts,
                (struct fact){.place = *mask, .signs = added ? NEGATIVE | POSITIVE : ZERO});
    }
}

/* i++, where i was not negative: from then on it is positive, so a loop is in a later round. */
static bool counts_up(const struct ir *ir, const struct state *state, int dst,
                      const struct operand *value)
{
    struct operand counter = {.kind = O_PLACE, .place = dst};
    const struct place *place = value->kind == O_PLACE ? &ir->places.at[value->place] : NULL;
    return place && place->kind == P_VALUE && strncmp(place->text, "++(", 3) == 0 &&
           place->parts.count == 1 && place->parts.at[0] == dst &&
           !(facts_of(state->facts, &counter).signs & NEGATIVE);
}

void set_value(struct simulation *simulation, struct state *state, int dst,
               const struct operand *value)
{
    struct fact fact = facts_of(state->facts, value);
    if (value->kind == O_PLACE && place_is_error_number(simulation->ir, value->place))
        fact.signs = NEGATIVE;
    if (value->kind == O_SYMBOL && is_pointer(simulation->ir, dst) &&
        !strstr(value->text, "NULL") && !strstr(value->text, "NONE") &&
        !strstr(value->text, "INVALID"))
        fact.signs = POSITIVE; /* DEFAULT_FOLDER */
    if (counts_up(simulation->ir, state, dst, value))
        fact = (struct fact){.signs = POSITIVE};
    const struct decl *decl = simulation->ir->places.at[dst].decl;
    if (value->kind == O_SYMBOL && decl && decl->type.stars == 0 && strstr(decl->name, "fd") &&
        name_means(value->text) < 0)
        fact.signs = NEGATIVE; /* fd = FD_ERROR */
    state->facts = facts_forget(simulation->arena, simulation->ir, state->facts, dst);
    fact.place = dst;
    if (matters(simulation, dst))
        state->facts = facts_set(simulation->arena, simulation->ir, state->facts, fact);
    set_bits(simulation, state, dst, value);
}

static bool give_away(struct simulation *simulation, struct state *state, const struct instr *instr,
                      int index)
{
    if (!escape(simulation, state, index))
        return false;
    set_value(simulation, state, instr->dst, &instr->left);
    return true;
}

/* p = q ? q : f(): once it is copied, nobody looks at the result of the expression any more. */
static void leave_temporary(const struct ir *ir, struct state *state, const struct operand *source)
{
    if (source->kind != O_PLACE || ir->places.at[source->place].kind != P_TEMPORARY)
        return;
    for (int i = state->holder_count - 1; i >= 0; i--)
        if (state->holders[i] == source->place && state->holder_count > 1)
            drop_holder(state, i);
}

bool do_assign(struct simulation *simulation, struct state *state, const struct instr *instr,
               int index)
{
    const struct ir *ir = simulation->ir;
    enum carry carry = state->phase == NOT_HELD ? CARRIES_NOT
                                                : carries(simulation, state, &instr->left);
    bool self = instr->left.kind == O_PLACE && instr->left.place != instr->dst &&
                ir->places.at[instr->left.place].kind == P_VALUE &&
                place_within(ir, instr->left.place, instr->dst);
    bool computed = instr->left.kind == O_PLACE &&
                    ir->places.at[instr->left.place].kind == P_VALUE &&
                    !ir->places.at[instr->left.place].holds;
    if (carry == CARRIES_VALUE && computed && !self) {
        /* q = p + 1: neither p nor surely nothing of it. */
        if (state->phase == HELD && !can_hold(ir, instr->dst))
            return give_away(simulation, state, instr, index);
        if (state->phase == HELD)
            add_pass(state, "+");
        carry = CARRIES_NOT;
    }
    if (carry == CARRIES_INTERIOR || (state->phase == HELD && instr->left.kind == O_PLACE &&
                                      is_alias(state, instr->left.place))) {
        /* q = &p->part: who keeps q keeps p. */
        if (state->phase == HELD && !can_hold(ir, instr->dst))
            return give_away(simulation, state, instr, index);
        carry = CARRIES_NOT;
    }
    if (carry == CARRIES_ADDRESS && state->phase == HELD)
        carry = can_hold(ir, instr->dst) ? CARRIES_NOT : CARRIES_ADDRESS;
    if (carry != CARRIES_NOT && !self) {
        if (!can_hold(ir, instr->dst)) {
            if (state->phase == HELD)
                return give_away(simulation, state, instr, index);
        } else if (!holds(state, instr->dst)) {
            overwrite(simulation, state, index, instr->dst);
            if (instr->left.kind == O_PLACE && ir->places.at[instr->left.place].kind == P_VALUE &&
                simulation->site->resource == R_DESCRIPTOR)
                carry = CARRIES_NOT; /* arithmetic on a descriptor */
            if (carry != CARRIES_NOT)
                add_holder(state, instr->dst);
            if (carry == CARRIES_VALUE)
                leave_temporary(ir, state, &instr->left);
        }
    } else if (!self) {
        overwrite(simulation, state, index, instr->dst);
    }
    if (instr->left.kind == O_ADDRESS) /* q = &count: from here on *q may change it */
        state->facts = facts_forget(simulation->arena, ir, state->facts, instr->left.place);
    set_value(simulation, state, instr->dst, &instr->left);
    return true;
}
