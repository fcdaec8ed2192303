#include "engine.h"

#include "config.h"
#include "knowledge.h"
#include "names.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_STEPS 150000

struct queue {
    VEC(struct state *) waiting;
    int next;
    struct seen {
        VEC(struct state *) states;
    } *seen;               /* by instruction */
    unsigned char *tested; /* places whose facts matter */
};

static int room_for(enum phase phase)
{
    return phase == NOT_HELD ? 2 : phase == HELD ? 6 : 4;
}

/* ---- states ------------------------------------------------------------------------------------- */

static bool holds(const struct state *state, int place)
{
    for (int i = 0; i < state->holder_count; i++)
        if (state->holders[i] == place)
            return true;
    return false;
}

static void add_holder(struct state *state, int place)
{
    if (place >= 0 && !holds(state, place) && state->holder_count < MOST_HOLDERS)
        state->holders[state->holder_count++] = place;
}

static bool is_alias(const struct state *state, int place)
{
    for (int i = 0; i < state->alias_count; i++)
        if (state->aliases[i] == place)
            return true;
    return false;
}

static void drop_holder(struct state *state, int index)
{
    state->holders[index] = state->holders[--state->holder_count];
}

static bool add_pass(struct state *state, const char *callee)
{
    for (int i = 0; i < state->pass_count; i++)
        if (state->passes[i] == callee)
            return true;
    if (state->pass_count == MOST_PASSES)
        return false;
    state->passes[state->pass_count++] = callee;
    return true;
}

/* A function that by its name keeps what it is passed, noted with a mark: the rest of the function shows whether it does. */
static bool add_keeping_pass(struct state *state, const char *callee)
{
    char text[300];
    snprintf(text, sizeof text, "%c%.280s", PASS_KEEPS, callee);
    return add_pass(state, intern_string(text));
}

static bool same_holders(const struct state *a, const struct state *b)
{
    if (a->holder_count != b->holder_count)
        return false;
    for (int i = 0; i < a->holder_count; i++)
        if (!holds(b, a->holders[i]))
            return false;
    return true;
}

static bool same_property(const struct state *a, const struct state *b)
{
    return a->phase == b->phase && a->acquired == b->acquired && a->released == b->released &&
           a->failing == b->failing && a->alias_count == b->alias_count && same_holders(a, b);
}

static bool passes_include(const struct state *a, const struct state *b)
{
    for (int i = 0; i < b->pass_count; i++) {
        bool found = false;
        for (int k = 0; k < a->pass_count; k++)
            found |= a->passes[k] == b->passes[i];
        if (!found)
            return false;
    }
    return true;
}

/* Puts a state to be followed, unless it is no news at its instruction. */
static void follow(struct simulation *simulation, const struct state *next, int instr)
{
    if (instr < 0)
        return;
    struct queue *queue = simulation->queue;
    struct seen *seen = &queue->seen[instr];
    struct state *alike = NULL;
    int count = 0;
    EACH (old, &seen->states) {
        if (!same_property(*old, next))
            continue;
        if (facts_imply(next->facts, (*old)->facts) && passes_include(*old, next))
            return;
        alike = *old;
        count++;
    }
    struct state *state = NEW(simulation->arena, struct state);
    *state = *next;
    state->instr = instr;
    if (alike && count >= room_for(next->phase)) {
        state->facts = facts_join(simulation->arena, alike->facts, next->facts);
        for (int i = 0; i < alike->pass_count; i++)
            add_pass(state, alike->passes[i]);
        if (facts_imply(state->facts, alike->facts) && passes_include(alike, state))
            return;
    }
    *ADD(simulation->arena, &seen->states) = state;
    *ADD(simulation->arena, &queue->waiting) = state;
}

/* A single exit can stand for failure on one path and for success on another. */
static bool same_class(const struct simulation *simulation, enum event_kind kind,
                       const struct state *a, const struct state *b)
{
    return (kind != EV_EXIT && kind != EV_RELEASED_EXIT) ||
           classify_exit(simulation->ir, a) == classify_exit(simulation->ir, b);
}

static void note(struct simulation *simulation, enum event_kind kind, int instr,
                 const struct state *state)
{
    EACH (event, &simulation->events)
        if (event->kind == kind && event->instr == instr &&
            event->state->acquired == state->acquired &&
            event->state->released == state->released && passes_include(event->state, state) &&
            same_class(simulation, kind, event->state, state)) {
            /* The one with fewer passes is kept. */
            return;
        }
    struct state *copy = NEW(simulation->arena, struct state);
    *copy = *state;
    *ADD(simulation->arena, &simulation->events) = (struct event){kind, instr, copy};
}

/* ---- which operands carry the resource ---------------------------------------------------------- */

enum carry { CARRIES_NOT, CARRIES_VALUE, CARRIES_ADDRESS, CARRIES_WITHIN, CARRIES_INTERIOR };

static bool derived_from_holder(const struct ir *ir, const struct state *state, int value)
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

static enum carry carries(const struct simulation *simulation, const struct state *state,
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
        if (ir->places.at[holder].kind == P_PART && place_within(ir, holder, place))
            return CARRIES_WITHIN; /* the struct that has a field with it */
        if (operand->kind == O_ADDRESS && shares_structure(ir, holder, place))
            return CARRIES_WITHIN;
        if (operand->kind == O_ADDRESS && place_within(ir, place, holder) && at->through)
            return CARRIES_INTERIOR;
    }
    return CARRIES_NOT;
}

/* ---- assignments -------------------------------------------------------------------------------- */

static bool is_pointer(const struct ir *ir, int place)
{
    const struct decl *decl = ir->places.at[place].decl;
    return decl && decl->type.stars > 0 && !decl->type.is_array;
}

static bool is_array(const struct ir *ir, int place)
{
    return place >= 0 && ir->places.at[place].decl && ir->places.at[place].decl->type.is_array;
}

static bool can_hold(const struct ir *ir, int place)
{
    const struct place *at = &ir->places.at[place];
    if (at->kind == P_LOCAL || at->kind == P_TEMPORARY)
        return true;
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

/* `dst` gets another value. Returns false if the path need not be followed further. */
/* `x = NULL` after x was passed to a function, mostly one that keeps it: the value has a new owner. */
static bool gives_up(const struct simulation *simulation, const struct state *state, int index)
{
    const struct instr *instr = &simulation->ir->code.at[index];
    if (instr->kind != I_ASSIGN || instr->left.kind != O_NUMBER || instr->left.number > 0)
        return false;
    const struct decl *decl = simulation->ir->places.at[instr->dst].decl;
    if (decl && decl->attribute && state->pass_count > 0)
        return true;
    for (int i = 0; i < state->pass_count; i++)
        if (*state->passes[i] == PASS_KEEPS)
            return true;
    return false;
}

static bool overwrite(struct simulation *simulation, struct state *state, int instr, int dst)
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

static bool escape(struct simulation *simulation, struct state *state, int instr)
{
    if (state->phase == HELD)
        note(simulation, EV_ESCAPE, instr, state);
    return false;
}

static bool matters(const struct simulation *simulation, int place)
{
    return place < simulation->ir->places.count && simulation->queue->tested[place];
}

/* -EINVAL */
static bool is_error_number(const struct ir *ir, int place)
{
    const char *text = ir->places.at[place].text;
    return ir->places.at[place].kind == P_VALUE && strncmp(text, "-(E", 3) == 0 &&
           isupper((unsigned char)text[3]);
}

static void set_value(struct simulation *simulation, struct state *state, int dst,
                      const struct operand *value)
{
    struct fact fact = facts_of(state->facts, value);
    if (value->kind == O_PLACE && is_error_number(simulation->ir, value->place))
        fact.signs = NEGATIVE;
    state->facts = facts_forget(simulation->arena, simulation->ir, state->facts, dst);
    fact.place = dst;
    if (matters(simulation, dst))
        state->facts = facts_set(simulation->arena, state->facts, fact);
}

static bool do_assign(struct simulation *simulation, struct state *state, const struct instr *instr,
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
            return escape(simulation, state, index);
        if (state->phase == HELD)
            add_pass(state, "+");
        carry = CARRIES_NOT;
    }
    if (carry == CARRIES_INTERIOR || (state->phase == HELD && instr->left.kind == O_PLACE &&
                                      is_alias(state, instr->left.place))) {
        /* q = &p->part: who keeps q keeps p. */
        if (state->phase == HELD && !can_hold(ir, instr->dst))
            return escape(simulation, state, index);
        carry = CARRIES_NOT;
    }
    if (carry == CARRIES_ADDRESS && state->phase == HELD)
        carry = can_hold(ir, instr->dst) ? CARRIES_NOT : CARRIES_ADDRESS;
    if (carry != CARRIES_NOT && !self) {
        if (!can_hold(ir, instr->dst)) {
            if (state->phase == HELD)
                return escape(simulation, state, index);
        } else if (!holds(state, instr->dst)) {
            overwrite(simulation, state, index, instr->dst);
            if (instr->left.kind == O_PLACE && ir->places.at[instr->left.place].kind == P_VALUE &&
                simulation->site->resource == R_DESCRIPTOR)
                carry = CARRIES_NOT; /* arithmetic on a descriptor */
            if (carry != CARRIES_NOT)
                add_holder(state, instr->dst);
        }
    } else if (!self) {
        overwrite(simulation, state, index, instr->dst);
    }
    set_value(simulation, state, instr->dst, &instr->left);
    return true;
}

/* ---- calls -------------------------------------------------------------------------------------- */

static const struct acquisition *acquisition_at(const struct site *site, int instr)
{
    EACH (acquisition, &site->acquisitions)
        if (acquisition->instr == instr)
            return acquisition;
    return NULL;
}

static void acquire(struct simulation *simulation, struct state *state, int index,
                    const struct acquisition *acquisition)
{
    const struct site *site = simulation->site;
    const struct instr *instr = &simulation->ir->code.at[index];
    const struct failing *failing = &acquisition->failing;
    if (state->phase == HELD && site->argument) {
        note(simulation, EV_RELOCK, index, state);
        follow(simulation, state, instr->next);
        return;
    }
    bool more = state->phase == HELD && site->by_address;
    if (site->by_address && !more && acquisition->only_prepares) {
        follow(simulation, state, instr->next);
        return;
    }
    struct state failed = *state;
    if (failing->sign) {
        struct operand place = {.kind = O_PLACE, .place = failing->place};
        failed.facts = facts_assume(simulation->arena, simulation->ir, state->facts, &place,
                                    failing->sign, &failing->right, failing->truth);
        const struct facts *facts = facts_assume(simulation->arena, simulation->ir, state->facts,
                                                 &place, failing->sign, &failing->right,
                                                 !failing->truth);
        if (failed.facts) {
            bool left_alone = failed.phase == RELEASED && holds(&failed, acquisition->holder) &&
                              failing->tested && failing->place != acquisition->holder;
            if ((failed.phase == RELEASED && !left_alone) || more)
                failed.phase = NOT_HELD;
            follow(simulation, &failed, instr->next);
        }
        if (!facts)
            return;
        state->facts = facts;
    }
    if (more) {
        follow(simulation, state, instr->next);
        return;
    }
    state->phase = HELD;
    state->acquired = index;
    state->acquisition = acquisition;
    state->released = -1;
    state->holder_count = state->pass_count = state->alias_count = 0;
    state->failing = false;
    if (!site->argument)
        add_holder(state, acquisition->holder);
    follow(simulation, state, instr->next);
}

/* unlink(name), or unlink(text_of(&name)) */
static bool names_file(const struct ir *ir, const struct operand *argument, int name)
{
    if (argument->place == name)
        return true;
    if (argument->place < 0 || ir->places.at[argument->place].kind != P_TEMPORARY)
        return false;
    EACH (instr, &ir->code)
        if (instr->kind == I_CALL && instr->dst == argument->place && instr->arg_count == 1 &&
            instr->args[0].place == name)
            return true;
    return false;
}

static bool ends_temporary(const struct ir *ir, const struct instr *call, int place)
{
    static const char *const words[] = {"unlink", "unlinkat", "remove", "rename",  "renameat",
                                        "rmdir",  "link",     "linkat", "unlinkp", "delete",
                                        "temp",   "rm",       NULL};
    if (!call->callee || !name_has_any(call->callee, words))
        return false;
    for (int i = 0; i < call->arg_count; i++)
        if (names_file(ir, &call->args[i], place))
            return true;
    return false;
}

static bool pair_released(const struct simulation *simulation, const struct instr *call)
{
    const struct site *site = simulation->site;
    if (!call->callee && !call->implicit)
        return false;
    if (site->resource == R_TEMPORARY)
        return ends_temporary(simulation->ir, call, site->place);
    if (site->resource == R_TASKS)
        return call->callee && model_waits(call->callee) && call->arg_count > 0 &&
               call->args[0].place == site->place;
    bool pair = site->resource == R_LOCK && site->place >= 0
                    ? name_unlocks(call->callee)
                    : names_pair(site->acquire, call->callee);
    if (!pair)
        return false;
    for (int i = 0; i < call->arg_count; i++)
        if (call->args[i].place == site->place && site->place >= 0)
            return true;
    return site->place < 0;
}

static bool resets(const struct simulation *simulation, const char *callee)
{
    const struct macro *macro = macros_find(&simulation->ir->unit->macros, callee);
    if (macro)
        return macro_resets(macro);
    return name_is_constant(callee) || strstr(callee, "clear") || strstr(callee, "NULL") ||
           strstr(callee, "_and_");
}

/* A function of this file, called free or close, that leaves its argument itself alone. */
static bool only_frees_parts(const struct simulation *simulation, const struct instr *call,
                             int argument)
{
    if (!simulation->knowledge || argument < 0)
        return false;
    return map_get(&simulation->knowledge->by_name, call->callee) &&
           knowledge_effect(simulation->knowledge, call->callee, argument) != EFFECT_RELEASES;
}

/* Is nothing left of the resource after this call? */
static bool final_release(const struct simulation *simulation, const struct instr *call,
                          int argument)
{
    if (is_array(simulation->ir, simulation->site->place))
        return false; /* each element has a release of its own */
    if (simulation->site->argument || call->implicit)
        return true;
    if (!call->callee || name_counts(call->callee) ||
        only_frees_parts(simulation, call, argument) ||
        (!name_frees(call->callee) && strcmp(call->callee, "munmap") != 0))
        return false;
    if (argument >= 0 && simulation->ir->places.at[call->args[argument].place].kind == P_PART &&
        strchr(simulation->ir->places.at[call->args[argument].place].text, '['))
        return false; /* one of an array */
    if (strcmp(call->callee, "munmap") == 0)
        return true;
    return call->arg_count == 1 &&
           (simulation->site->resource != R_OBJECT || name_destroys(call->callee));
}

static const char *key_of(const struct ir *ir, const struct instr *call)
{
    for (int i = 0; i < call->arg_count; i++)
        if (call->args[i].place >= 0)
            return ir->places.at[call->args[i].place].text;
    return NULL;
}

/* write_lock(l) … read_unlock(l), where this function has a write_unlock(l) too. */
static bool unlocks_another_kind(const struct simulation *simulation, const struct state *state,
                                 const struct instr *call)
{
    const struct ir *ir = simulation->ir;
    const struct instr *lock = state->acquired >= 0 ? &ir->code.at[state->acquired] : NULL;
    if (!lock || !lock->callee || !call->callee || !name_unlocks(call->callee) ||
        names_pair(lock->callee, call->callee))
        return false;
    EACH (other, &ir->code)
        if (other->kind == I_CALL && other->callee && other != call &&
            names_pair(lock->callee, other->callee) && key_of(ir, other) == key_of(ir, lock))
            return true;
    return false;
}

static void release(struct simulation *simulation, struct state *state, int index, int argument,
                    bool weak)
{
    const struct instr *call = &simulation->ir->code.at[index];
    if (state->phase == RELEASED) {
        if (!weak && !state->weak && final_release(simulation, call, argument))
            note(simulation, EV_AGAIN, index, state);
        return;
    }
    if (!call->implicit && call->callee &&
        model_wrong_release(simulation->site->resource, call->callee) && state->acquisition &&
        state->acquisition->known)
        note(simulation, EV_WRONG, index, state);
    if (!call->implicit && call->callee && state->acquired >= 0 &&
        (model_mismatch(simulation->ir->code.at[state->acquired].callee, call->callee) ||
         (simulation->site->resource == R_LOCK && unlocks_another_kind(simulation, state, call))))
        note(simulation, EV_WRONG, index, state);
    note(simulation, EV_RELEASE, index, state);
    state->phase = RELEASED;
    state->released = index;
    state->weak = weak || !final_release(simulation, call, argument);
    bool by_address = argument >= 0 && call->args[argument].kind == O_ADDRESS &&
                      !simulation->site->by_address;
    if (by_address || simulation->site->by_address ||
        (call->callee && resets(simulation, call->callee))) {
        /* It is set to a null value too, or can be used again. */
        if (argument >= 0 && by_address) {
            struct operand null = {.kind = O_NUMBER, .place = -1};
            set_value(simulation, state, call->args[argument].place, &null);
        }
        if (!(call->implicit && by_address))
            state->weak = true;
        state->holder_count = call->implicit ? state->holder_count : 0;
    }
}

static bool release_counts(const struct simulation *simulation, const struct instr *call, int level)
{
    if (level == 2 || call->implicit)
        return true;
    enum resource resource = simulation->site->resource;
    return level == 1 && simulation->parameter < 0 && (resource == R_OBJECT || resource == R_PAIR);
}

/* r = f(&p): if f fails it may have left p as it was. */
static bool may_leave_alone(const struct simulation *simulation, int index, int argument)
{
    const struct instr *call = &simulation->ir->code.at[index];
    const struct acquisition *acquisition = acquisition_at(simulation->site, index);
    return acquisition && acquisition->failing.tested && !acquisition->known && call->callee &&
           acquisition->failing.place == call->dst && simulation->knowledge &&
           knowledge_leaves_alone(simulation->knowledge, call->callee, argument);
}

/* f = fdopen(fd, …); if (!f): then the descriptor is still there. */
static void follow_refused(struct simulation *simulation, struct state *state, int index)
{
    const struct instr *call = &simulation->ir->code.at[index];
    struct operand null = {.kind = O_NUMBER, .place = -1};
    if (state->phase != HELD || call->dst < 0)
        return;
    struct state refused = *state;
    set_value(simulation, &refused, call->dst, &null);
    follow(simulation, &refused, call->next);
}

/* A context is lent to whoever is passed it, unless it is stored, or a goroutine of its own gets it. */
static bool lends_context(const char *callee, int argument)
{
    static const char *const structured[] = {"lg_group_go", "lg_waitgroup_go", "lg_group_go_with",
                                             NULL};
    if (strcmp(callee, "lg_context_on_done") == 0)
        return argument == 0;
    if (word_in(callee, structured) || strncmp(callee, "lg_until", 8) == 0 ||
        strncmp(callee, "lg_context_", 11) == 0)
        return true;
    return !name_keeps(callee) && name_releases(callee) == 0;
}

/* Returns false if the path need not be followed further. */
static bool pass(struct simulation *simulation, struct state *state, int index, int argument,
                 enum carry carry)
{
    const struct instr *call = &simulation->ir->code.at[index];
    const char *callee = call->callee ? call->callee : "a function pointer";
    if (state->phase == RELEASED) {
        if (carry == CARRIES_VALUE && !state->weak && !name_is_predicate(callee))
            note(simulation, EV_USE, index, state);
        if (carry == CARRIES_ADDRESS && !state->weak &&
            may_leave_alone(simulation, index, argument))
            return true;
        if (carry == CARRIES_ADDRESS ||
            (carry == CARRIES_WITHIN && call->args[argument].kind == O_ADDRESS)) {
            state->phase = NOT_HELD; /* it may have got another value */
            state->holder_count = 0;
        }
        return true;
    }
    if (state->phase != HELD)
        return true;
    enum effect effect = call->callee && simulation->knowledge
                             ? knowledge_effect(simulation->knowledge, callee, argument)
                             : EFFECT_UNKNOWN;
    if (effect == EFFECT_RELEASES) {
        release(simulation, state, index, argument, true);
        return true;
    }
    if (simulation->site->resource == R_CONTEXT)
        return (effect != EFFECT_KEEPS && effect != EFFECT_MAYBE &&
                lends_context(callee, argument)) ||
               escape(simulation, state, index);
    if (effect == EFFECT_KEEPS || effect == EFFECT_MAYBE)
        return escape(simulation, state, index);
    bool keeps = config_keeps(callee)
                     ? true
                     : name_keeps(callee) &&
                           (argument > 0 || call->arg_count == 1 || carry == CARRIES_INTERIOR ||
                            name_hands_over(callee) || name_has(callee, "take") ||
                            name_has(callee, "register") || name_has(callee, "fdopen") ||
                            strstr(callee, "fdopen") || name_has(callee, "thread"));
    if (simulation->site->resource == R_DESCRIPTOR && argument > 0 && name_has(callee, "send") &&
        carry == CARRIES_VALUE && add_keeping_pass(state, callee))
        return true; /* the descriptor itself is sent */
    if (keeps && strstr(callee, "fdopen"))
        follow_refused(simulation, state, index);
    if (carry == CARRIES_VALUE && !config_keeps(callee) &&
        prototype_reads_only(simulation->ir->unit, call->callee, argument, keeps))
        return true;
    if (effect != EFFECT_NONE && keeps &&
        !(simulation->site->resource == R_MEMORY && model_harmless(callee))) {
        if (carry == CARRIES_VALUE && simulation->parameter < 0 && !config_keeps(callee) &&
            !name_gives(callee) && add_keeping_pass(state, callee))
            return true;
        return escape(simulation, state, index);
    }
    bool by_address = call->args[argument].kind == O_ADDRESS ||
                      is_array(simulation->ir, call->args[argument].place);
    if (carry == CARRIES_WITHIN && by_address && !model_harmless(callee) && effect != EFFECT_NONE)
        return escape(simulation, state, index); /* it may release what the structure holds */
    if (carry == CARRIES_ADDRESS && !simulation->site->by_address && !model_harmless(callee) &&
        effect != EFFECT_NONE)
        return escape(simulation, state, index);
    if (effect != EFFECT_NONE && !model_harmless(callee) && carry != CARRIES_INTERIOR &&
        !config_harmless(callee))
        add_pass(state, callee);
    return true;
}

static void forget_by_address(struct simulation *simulation, struct state *state,
                              const struct instr *call)
{
    for (int i = 0; i < call->arg_count; i++)
        if (call->args[i].kind == O_ADDRESS && !model_harmless(call->callee ? call->callee : "x"))
            state->facts = facts_forget(simulation->arena, simulation->ir, state->facts,
                                        call->args[i].place);
}

/* foo_reset(p), where the file's other functions go on to foo_free(p)? */
static bool only_empties(const struct simulation *simulation, const struct state *state,
                         const struct instr *call)
{
    const char *acquire = state->acquired >= 0 ? simulation->ir->code.at[state->acquired].callee
                                               : NULL;
    return acquire && call->callee && simulation->knowledge && !call->implicit &&
           knowledge_empties(simulation->knowledge, acquire, call->callee);
}

static bool do_arguments(struct simulation *simulation, struct state *state, int index)
{
    const struct instr *call = &simulation->ir->code.at[index];
    bool released = false;
    for (int i = 0; i < call->arg_count; i++) {
        if (state->phase == NOT_HELD || released)
            return true;
        enum carry carry = carries(simulation, state, &call->args[i]);
        int place = call->args[i].place;
        if (place >= 0 && carry == CARRIES_NOT && simulation->ir->places.at[place].kind == P_PART &&
            !simulation->ir->places.at[place].through &&
            holds(state, simulation->ir->places.at[place].parent) &&
            strchr(simulation->ir->places.at[place].text, '['))
            carry = CARRIES_VALUE; /* close(fds[0]) */
        if (carry == CARRIES_NOT)
            continue;
        int argument = i, level = 0;
        if (carry == CARRIES_VALUE || carry == CARRIES_ADDRESS || call->implicit ||
            carry == CARRIES_WITHIN)
            level = call_releases(simulation->ir, call, place, &argument);
        if (level && only_empties(simulation, state, call))
            return true;
        if (level && argument == i && release_counts(simulation, call, level)) {
            release(simulation, state, index, i, level == 1 || carry == CARRIES_WITHIN);
            released = true;
        } else if (!pass(simulation, state, index, i, carry)) {
            return false;
        }
    }
    return true;
}

/* strcpy(p, …) is p; realloc(p, n) goes on with it. */
static bool returns_argument(const struct instr *call)
{
    static const char *const names[] = {"memcpy", "memmove", "memset",  "strcpy", "strncpy",
                                        "strcat", "strncat", "mempcpy", "stpcpy", NULL};
    return call->callee && (word_in(call->callee, names) || strstr(call->callee, "realloc"));
}

/* if (rename(scratch, name) != 0): then the file is still there. */
static void follow_failed(struct simulation *simulation, struct state *state, int index)
{
    const struct instr *call = &simulation->ir->code.at[index];
    struct failing failing;
    if (!name_has(call->callee, "rename") || !site_failing(simulation->ir, index, &failing))
        return;
    struct operand place = {.kind = O_PLACE, .place = failing.place};
    struct state failed = *state;
    failed.facts =
        facts_assume(simulation->arena, simulation->ir,
                     facts_forget(simulation->arena, simulation->ir, state->facts, call->dst),
                     &place, failing.sign, &failing.right, failing.truth);
    if (failed.facts)
        follow(simulation, &failed, call->next);
}

/* *out = buffer_detach(&buffer): what the structure held is now somewhere else. */
static bool hands_out_content(const struct simulation *simulation, const struct instr *call)
{
    if (!simulation->site->by_address || call->dst < 0 || can_hold(simulation->ir, call->dst))
        return false;
    for (int i = 0; i < call->arg_count; i++)
        if (call->args[i].kind == O_ADDRESS && call->args[i].place == simulation->site->place)
            return true;
    return false;
}

/* p = realloc(p, n), or any function that may return what it was passed. `old = p; p = copy(p);` keeps p in old. */
static bool goes_through(const struct state *state, const struct instr *call)
{
    const struct acquirer *acquirer = call->callee ? model_acquirer(call->callee) : NULL;
    bool copies = acquirer && acquirer->argument < 0 && !strstr(call->callee, "realloc");
    if (state->phase != HELD || copies || state->holder_count > 1)
        return false;
    for (int i = 0; i < call->arg_count; i++)
        if (call->args[i].place == call->dst && call->dst >= 0 && holds(state, call->dst))
            return true;
    return false;
}

/* g_assert_error(error, …): the call that was passed &error has failed. */
static bool says_it_failed(const struct simulation *simulation, const struct state *state,
                           const struct instr *call)
{
    if (state->phase != HELD || state->acquired < 0 || !call->callee || call->arg_count == 0 ||
        strncmp(call->callee, "g_assert_error", 14) != 0)
        return false;
    const struct instr *acquire = &simulation->ir->code.at[state->acquired];
    for (int i = 0; i < acquire->arg_count; i++)
        if (acquire->args[i].kind == O_ADDRESS && acquire->args[i].place == call->args[0].place)
            return true;
    return false;
}

static void do_call(struct simulation *simulation, struct state *state, int index)
{
    const struct instr *call = &simulation->ir->code.at[index];
    const struct site *site = simulation->site;
    const struct acquisition *acquisition = acquisition_at(site, index);
    if (site->argument) {
        if (site->resource == R_LOCK && state->phase == HELD && call->callee &&
            model_slow(call->callee))
            note(simulation, EV_SLOW, index, state);
        if (pair_released(simulation, call)) {
            if (state->phase == HELD && site->resource == R_TEMPORARY)
                follow_failed(simulation, state, index);
            if (state->phase == NOT_HELD && !call->implicit)
                note(simulation, EV_UNHELD, index, state);
            else if (state->phase != NOT_HELD)
                release(simulation, state, index, -1, false);
        }
    } else if (!do_arguments(simulation, state, index)) {
        return;
    }
    if (says_it_failed(simulation, state, call)) {
        state->phase = NOT_HELD;
        state->acquired = -1;
        state->holder_count = 0;
    }
    forget_by_address(simulation, state, call);
    if (site->resource == R_LOCK && state->phase == HELD && call->callee && simulation->knowledge &&
        knowledge_unlocks(simulation->knowledge, call->callee)) {
        escape(simulation, state, index);
        return;
    }
    if (state->phase == HELD && hands_out_content(simulation, call)) {
        escape(simulation, state, index);
        return;
    }
    if (call->dst >= 0 && state->phase == HELD && call->arg_count > 0 && returns_argument(call) &&
        call->args[0].kind == O_PLACE && holds(state, call->args[0].place)) {
        if (!can_hold(simulation->ir, call->dst)) {
            escape(simulation, state, index);
            return;
        }
        if (call->dst != call->args[0].place) {
            state->facts = facts_forget(simulation->arena, simulation->ir, state->facts, call->dst);
            add_holder(state, call->dst);
            if (acquisition)
                acquire(simulation, state, index, acquisition);
            else
                follow(simulation, state, call->next);
            return;
        }
    }
    if (call->dst >= 0) {
        bool through = goes_through(state, call);
        if (!through)
            overwrite(simulation, state, index, call->dst);
        state->facts = facts_forget(simulation->arena, simulation->ir, state->facts, call->dst);
        if (through) {
            follow(simulation, state, call->next);
            return;
        }
    }
    if (acquisition)
        acquire(simulation, state, index, acquisition);
    else
        follow(simulation, state, call->next);
}

/* ---- branches and exits ------------------------------------------------------------------------- */

static int skip_joins(const struct ir *ir, int at)
{
    for (int steps = 0; at >= 0 && ir->code.at[at].kind == I_JOIN && steps < 50; steps++)
        at = ir->code.at[at].next;
    return at;
}

struct guard {
    const struct simulation *simulation;
    const struct state *state;
    int meeting, budget;
};

static bool releases_here(const struct guard *guard, const struct instr *instr)
{
    int argument;
    if (instr->kind != I_CALL)
        return false;
    if (guard->simulation->site->argument)
        return pair_released(guard->simulation, instr);
    for (int i = 0; i < guard->state->holder_count; i++)
        if (call_releases(guard->simulation->ir, instr, guard->state->holders[i], &argument) > 0)
            return true;
    return false;
}

/* `a(f) || fclose(f)`: its result is looked at, so it is no cleanup under a condition. */
static bool result_is_tested(const struct ir *ir, const struct instr *call)
{
    int next = skip_joins(ir, call->next);
    return next >= 0 && ir->code.at[next].kind == I_BRANCH && call->dst >= 0 &&
           ir->code.at[next].left.place == call->dst;
}

static bool meets_released(struct guard *guard, int at, bool released)
{
    for (; at >= 0 && guard->budget-- > 0; at = guard->simulation->ir->code.at[at].next) {
        const struct instr *instr = &guard->simulation->ir->code.at[at];
        if (at == guard->meeting)
            return released;
        if (instr->kind == I_RETURN || instr->kind == I_STOP)
            return false;
        if (instr->kind == I_BRANCH && instr->other > at &&
            meets_released(guard, instr->other, released))
            return true;
        if (releases_here(guard, instr)) {
            if (result_is_tested(guard->simulation->ir, instr))
                return false;
            released = true;
        }
        if (instr->next <= at)
            return false; /* the next round of a loop */
    }
    return false;
}

/* Does the edge begin with a goto, a break or a continue? */
static bool jumps(const struct ir *ir, int at)
{
    for (; at >= 0 && ir->code.at[at].kind == I_JOIN; at = ir->code.at[at].next)
        if (ir->code.at[at].label || ir->code.at[at].next <= at)
            return true;
    return false;
}

/* Is there a release on this edge, after which it meets the other edge again? `if (owned) free(p);` Then the condition,
 * which is not understood, says whether there is something to release. */
static bool guards_release(const struct simulation *simulation, const struct state *state, int edge,
                           int other)
{
    if (jumps(simulation->ir, other))
        return false;
    struct guard guard = {simulation, state, skip_joins(simulation->ir, other), 40};
    return meets_released(&guard, edge, false);
}

static bool says_not_held(const struct simulation *simulation, const struct state *state)
{
    const struct failing *failing = state->acquisition ? &state->acquisition->failing : NULL;
    if (simulation->site->argument || simulation->site->by_address ||
        (!failing && simulation->parameter < 0))
        return false;
    for (int i = 0; i < state->holder_count; i++) {
        struct operand holder = {.kind = O_PLACE, .place = state->holders[i]};
        struct fact fact = facts_of(state->facts, &holder);
        const struct decl *decl = simulation->ir->places.at[state->holders[i]].decl;
        bool number = decl && decl->type.stars == 0 && !(fact.signs & POSITIVE) &&
                      simulation->site->resource == R_OBJECT; /* if (fd > 0) restore(fd); */
        if (number || (simulation->site->resource == R_DESCRIPTOR ? fact.signs == NEGATIVE
                                                                  : fact.signs == ZERO))
            return true;
    }
    return false;
}

/* Where `a == p + 1` holds, somebody else has p. */
static void learn_derived(const struct simulation *simulation, struct state *state,
                          const struct instr *branch)
{
    if (derived_from_holder(simulation->ir, state, branch->left.place) ||
        derived_from_holder(simulation->ir, state, branch->right.place))
        add_pass(state, "+");
}

/* list[i] is another place in the next round. */
static void add_equal(const struct ir *ir, struct state *state, int place)
{
    if (!strchr(ir->places.at[place].text, '['))
        add_holder(state, place);
}

/* Where `a == b` holds and a is a holder, b is one too. */
static void learn_equality(const struct simulation *simulation, struct state *state,
                           const struct instr *branch, bool truth)
{
    bool equal = branch->sign == (truth ? S2('=', '=') : S2('!', '='));
    if (!equal || state->phase != HELD || simulation->site->argument ||
        branch->left.kind != O_PLACE || branch->right.kind != O_PLACE)
        return;
    if (holds(state, branch->left.place))
        add_equal(simulation->ir, state, branch->right.place);
    else if (holds(state, branch->right.place))
        add_equal(simulation->ir, state, branch->left.place);
    else
        learn_derived(simulation, state, branch);
}

/* p = copy(text, n); size = n - 1; … if (size) free(p); where the size says whether there is a p. */
static bool set_since(const struct simulation *simulation, const struct state *state, int place)
{
    int before = 6; /* steps before the acquisition that belong to it too */
    for (const struct state *at = state; place >= 0 && at && before > 0; at = at->from) {
        before -= at->instr == state->acquired || before < 6;
        const struct instr *instr = &simulation->ir->code.at[at->instr];
        if (instr->kind == I_ASSIGN && instr->dst == place)
            return instr->left.kind == O_PLACE &&
                   simulation->ir->places.at[instr->left.place].kind == P_VALUE;
    }
    return false;
}

/* A new object, which nothing else has seen, is no other variable's value. */
static bool cannot_be_equal(const struct simulation *simulation, const struct state *state,
                            const struct instr *branch, bool truth)
{
    bool equal = branch->sign == (truth ? S2('=', '=') : S2('!', '='));
    return equal && state->phase == HELD && state->pass_count == 0 && state->acquisition &&
           state->acquisition->strength > 0 && !simulation->site->argument &&
           !simulation->site->by_address && simulation->site->resource != R_DESCRIPTOR &&
           branch->left.kind == O_PLACE && branch->right.kind == O_PLACE &&
           holds(state, branch->left.place) != holds(state, branch->right.place) &&
           !derived_from_holder(simulation->ir, state, branch->left.place) &&
           !derived_from_holder(simulation->ir, state, branch->right.place);
}

static void do_branch(struct simulation *simulation, const struct state *state,
                      const struct instr *branch)
{
    for (int edge = 0; edge < 2; edge++) {
        struct state next = *state;
        int target = edge == 0 ? branch->next : branch->other;
        int opposite = edge == 0 ? branch->other : branch->next;
        next.facts = facts_assume(simulation->arena, simulation->ir, state->facts, &branch->left,
                                  branch->sign, &branch->right, edge == 0);
        if (!next.facts)
            continue;
        if (cannot_be_equal(simulation, state, branch, edge == 0))
            continue;
        learn_equality(simulation, &next, branch, edge == 0);
        if (next.phase == HELD && says_not_held(simulation, &next)) {
            next.phase = NOT_HELD;
            next.acquired = -1;
            next.holder_count = 0;
        }
        if (next.phase == HELD && simulation->parameter < 0 &&
            guards_release(simulation, &next, opposite, target)) {
            if (set_since(simulation, state, branch->left.place) ||
                facts_assume(simulation->arena, simulation->ir, state->facts, &branch->left,
                             branch->sign, &branch->right, edge != 0))
                continue; /* else the condition is understood */
        }
        follow(simulation, &next, target);
    }
}

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
        if (place_looks_into(simulation->ir, operand->place, state->holders[i]))
            return true;
    return false;
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

static void look_for_use(struct simulation *simulation, const struct state *state,
                         const struct instr *instr, int index)
{
    if (state->phase != RELEASED || state->weak || simulation->site->argument)
        return;
    const struct instr *release = &simulation->ir->code.at[state->released];
    if (instr->kind == I_RETURN && (release->implicit || release->deferred))
        return; /* the result was computed before the cleanup */
    bool used = uses(simulation, state, &instr->left) || uses(simulation, state, &instr->right);
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
    if (state->phase != HELD)
        return;
    if ((instr->left.kind == O_PLACE && is_alias(state, instr->left.place)) ||
        returns_content(simulation, state, &instr->left)) {
        escape(simulation, state, index);
        return;
    }
    bool inside = false; /* return *p, return p->field: for a part it is not given away */
    if (carry == CARRIES_VALUE || carry == CARRIES_ADDRESS || carry == CARRIES_WITHIN ||
        carry == CARRIES_INTERIOR) {
        escape(simulation, state, index);
        return;
    }
    /* return f(p): f may have taken it. */
    if (instr->left.kind == O_PLACE && state->from && simulation->site->resource != R_CONTEXT) {
        const struct state *before = state;
        for (int steps = 0; before && steps < 4; steps++, before = before->from) {
            const struct instr *last = &simulation->ir->code.at[before->instr];
            if (last->kind != I_CALL || last->dst != instr->left.place ||
                is_status(simulation->ir, instr->left.place) ||
                (last->callee && model_harmless(last->callee)))
                continue;
            for (int i = 0; i < last->arg_count; i++)
                inside |= carries(simulation, state, &last->args[i]) != CARRIES_NOT;
        }
    }
    if (inside)
        escape(simulation, state, index);
    else
        note(simulation, EV_EXIT, index, state);
}

static void drop_aliases(const struct ir *ir, struct state *state, int place)
{
    for (int i = state->alias_count - 1; i >= 0; i--)
        if (place >= 0 && place_within(ir, state->aliases[i], place))
            state->aliases[i] = state->aliases[--state->alias_count];
}

/* file = strrchr(path, '/'): file points into path from now on. */
static void follow_alias(const struct ir *ir, struct state *state, const struct instr *instr)
{
    static const char *const names[] = {"basename", "strchr",   "strrchr",   "strstr", "strpbrk",
                                        "memchr",   "index",    "rindex",    "strtok", "strcasestr",
                                        "memrchr",  "strtok_r", "strchrnul", NULL};
    if (instr->dst < 0 || state->phase == NOT_HELD)
        return;
    const struct operand *source = instr->kind == I_ASSIGN ? &instr->left
                                   : instr->kind == I_CALL && instr->callee &&
                                           instr->arg_count > 0 && word_in(instr->callee, names)
                                       ? &instr->args[0]
                                       : NULL;
    bool points = source && source->kind == O_PLACE &&
                  ((instr->kind == I_CALL && state->phase == HELD && holds(state, source->place)) ||
                   is_alias(state, source->place));
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
    look_for_use(simulation, &state, instr, index);
    if (!simulation->site->argument)
        follow_alias(simulation->ir, &state, instr);
    switch (instr->kind) {
    case I_JOIN:
        if (instr->label && name_says_failure(instr->label))
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

/* Facts are kept of places that are tested or returned, or copied to such a place. */
static void mark_tested(const struct ir *ir, unsigned char *tested)
{
    for (int round = 0; round < 3; round++)
        EACH (instr, &ir->code) {
            if (instr->kind == I_BRANCH || instr->kind == I_RETURN) {
                if (instr->left.place >= 0)
                    tested[instr->left.place] = 1;
                if (instr->right.place >= 0)
                    tested[instr->right.place] = 1;
            }
            if (instr->kind == I_ASSIGN && instr->left.place >= 0 && tested[instr->dst])
                tested[instr->left.place] = 1;
        }
}

void simulate(struct simulation *simulation)
{
    const struct ir *ir = simulation->ir;
    if (ir->code.count == 0)
        return;
    struct queue queue = {0};
    queue.seen = arena_take(simulation->arena, sizeof *queue.seen * (size_t)ir->code.count);
    queue.tested = arena_take(simulation->arena, (size_t)ir->places.count + 1);
    mark_tested(ir, queue.tested);
    simulation->queue = &queue;
    struct state first = {.phase = NOT_HELD, .acquired = -1, .released = -1, .facts = facts_none()};
    if (simulation->parameter >= 0) {
        first.phase = HELD;
        add_holder(&first, simulation->parameter);
    }
    follow(simulation, &first, 0);
    while (queue.next < queue.waiting.count) {
        if (simulation->steps++ > MOST_STEPS) {
            simulation->gave_up = true;
            break;
        }
        step(simulation, queue.waiting.at[queue.next++]);
    }
}

/* ---- exits -------------------------------------------------------------------------------------- */

static bool returns_truth(const struct ir *ir)
{
    for (int i = 0; i < ir->function->type.count; i++) {
        const char *word = ir->function->type.words[i];
        if (strcmp(word, "bool") == 0 || strcmp(word, "gboolean") == 0 ||
            strcmp(word, "_Bool") == 0 || strcmp(word, "BOOL") == 0 ||
            strcmp(word, "boolean_t") == 0 || strcmp(word, "MagickBooleanType") == 0)
            return true;
    }
    return false;
}

/* NULL says that all went well. */
static bool returns_error(const struct ir *ir)
{
    for (int i = 0; i < ir->function->type.count; i++)
        if (strcmp(ir->function->type.words[i], "lg_error") == 0 ||
            strcmp(ir->function->type.words[i], "GError") == 0 ||
            strcmp(ir->function->type.words[i], "git_error") == 0 ||
            strcmp(ir->function->type.words[i], "svn_error_t") == 0)
            return true;
    return false;
}

/* return lg_error_new(…) */
static bool is_new_error(const struct ir *ir, int place)
{
    EACH (instr, &ir->code)
        if (instr->kind == I_CALL && instr->dst == place && instr->callee &&
            ir->places.at[place].kind == P_TEMPORARY && name_has(instr->callee, "error"))
            return true;
    return false;
}

static enum exit_class class_of_symbol(const char *symbol)
{
    int means = name_means(symbol);
    return means > 0 ? EXIT_SUCCESS : means < 0 ? EXIT_FAILURE : EXIT_UNKNOWN;
}

/* Are its failures negative numbers, so that 1 is a success? */
static bool fails_negative(const struct ir *ir)
{
    EACH (instr, &ir->code)
        if (instr->kind == I_RETURN &&
            ((instr->left.kind == O_NUMBER && instr->left.number < 0) ||
             (instr->left.kind == O_PLACE && is_error_number(ir, instr->left.place))))
            return true;
    return false;
}

enum exit_class classify_exit(const struct ir *ir, const struct state *state)
{
    const struct operand *result = &ir->code.at[state->instr].left;
    struct fact fact = facts_of(state->facts, result);
    bool null_fails = (ir->function->type.stars > 0 && !returns_error(ir)) || returns_truth(ir);
    if (state->failing)
        return EXIT_FAILURE;
    if (result->kind == O_UNKNOWN) /* the end of a void function, or a return in its midst */
        return ir->returns_with_value == 0 && ir->code.at[state->instr].expr == NULL ? EXIT_SUCCESS
                                                                                     : EXIT_UNKNOWN;
    if (fact.equal.kind == 2)
        return class_of_symbol((const char *)fact.equal.value);
    if (fact.signs == NEGATIVE)
        return EXIT_FAILURE;
    if (fact.signs == ZERO)
        return null_fails ? EXIT_FAILURE : EXIT_SUCCESS;
    if (fact.signs == POSITIVE && fact.equal.kind == 1 && !null_fails && fails_negative(ir))
        return EXIT_SUCCESS;
    if (!(fact.signs & ZERO))
        return null_fails                                       ? EXIT_SUCCESS
               : fact.signs == POSITIVE && fact.equal.kind == 0 ? EXIT_UNKNOWN
                                                                : EXIT_FAILURE;
    if (result->kind == O_PLACE && returns_error(ir) && is_new_error(ir, result->place))
        return EXIT_FAILURE;
    if (result->kind == O_PLACE && ir->places.at[result->place].kind == P_VALUE)
        return strncmp(ir->places.at[result->place].text, "-(", 2) == 0 ? EXIT_FAILURE
                                                                        : EXIT_UNKNOWN;
    return EXIT_UNKNOWN;
}
