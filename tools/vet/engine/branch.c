/* What a condition says of the resource, on each of its two ways. */
#include "engine_parts.h"
#include "names.h"
#include "site_parts.h"
#include "walk.h"

#include <string.h>

/* if (p == MAP_FAILED), if (h == INVALID_HANDLE): then there is none. */
static bool implies_call_failed(const struct simulation *simulation, const struct state *state,
                                const struct instr *branch, bool truth)
{
    return branch->right.kind == O_SYMBOL &&
           (name_means(branch->right.text) < 0 || name_ends_with(branch->right.text, "_NULL")) &&
           !simulation->site->argument && branch->left.kind == O_PLACE &&
           holds(state, branch->left.place) &&
           branch->sign == (truth ? S2('=', '=') : S2('!', '='));
}

static bool implies_not_held(const struct simulation *simulation, const struct state *state)
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
        bool symbol = fact.equal.kind == 2 && simulation->parameter >= 0 &&
                      name_means((const char *)fact.equal.value) < 0; /* map == MAP_FAILED */
        if (number || symbol ||
            (simulation->site->resource == R_DESCRIPTOR ? fact.signs == NEGATIVE
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

static bool is_parameter(const struct ir *ir, int place)
{
    return ir->places.at[place].kind == P_PARAMETER;
}

/* Where `a == b` holds and a is a holder, b is one too. */
static void learn_equality(const struct simulation *simulation, struct state *state,
                           const struct instr *branch, bool truth)
{
    bool equal = branch->sign == (truth ? S2('=', '=') : S2('!', '='));
    if (!equal || state->phase != HELD || simulation->site->argument ||
        branch->left.kind != O_PLACE || branch->right.kind != O_PLACE)
        return;
    if (simulation->site->resource == R_DESCRIPTOR &&
        ((holds(state, branch->left.place) && is_parameter(simulation->ir, branch->right.place)) ||
         (holds(state, branch->right.place) && is_parameter(simulation->ir, branch->left.place))))
        add_pass(state, "=="); /* if (fd != wanted) close(fd); where the caller knows the number */
    if (holds(state, branch->left.place))
        add_equal(simulation->ir, state, branch->right.place);
    else if (holds(state, branch->right.place))
        add_equal(simulation->ir, state, branch->left.place);
    else
        learn_derived(simulation, state, branch);
}

/* if (list.count) list_free(&list): its own parts say whether it is empty. */
static bool is_part_of_site(const struct simulation *simulation, int place)
{
    const struct site *site = simulation->site;
    return site->by_address && place >= 0 && site->place >= 0 && place != site->place &&
           place_within(simulation->ir, place, site->place);
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

/* Was it given a value on this path since the resource was acquired, or a constant before? */
static bool understood(const struct simulation *simulation, const struct state *state, int place)
{
    bool before = false;
    for (const struct state *at = state->from; at; at = at->from) {
        const struct instr *instr = &simulation->ir->code.at[at->instr];
        bool sets = instr->dst >= 0 && (instr->kind == I_CALL || instr->kind == I_ASSIGN) &&
                    place_depends(simulation->ir, place, instr->dst);
        if (sets)
            return !before || (instr->kind == I_ASSIGN &&
                               (instr->left.kind == O_NUMBER || instr->left.kind == O_SYMBOL));
        before |= at->instr == state->acquired;
    }
    return !before;
}

/* text = unescaped(source, &must_free); … if (must_free) free(text); */
static bool told_by_acquisition(const struct simulation *simulation, const struct state *state,
                                int place)
{
    const struct instr *acquire = state->acquired >= 0 ? &simulation->ir->code.at[state->acquired]
                                                       : NULL;
    for (int i = 0; acquire && i < acquire->arg_count; i++)
        if (acquire->args[i].kind == O_ADDRESS && acquire->args[i].place == place)
            return true;
    return false;
}

/* if (flags & SHARED) f = share(); else f = open(); … if (flags & SHARED) …; else close(f); A condition that was decided
 * before the resource was acquired, and that guards its release, says whether there is one. */
static bool decided_before(const struct simulation *simulation, const struct state *state,
                           const struct instr *branch)
{
    return branch->left.kind == O_PLACE && !holds(state, branch->left.place) &&
           (!understood(simulation, state, branch->left.place) ||
            told_by_acquisition(simulation, state, branch->left.place));
}

/* rc = step(p); if (rc == 0) free(p); What a call after the acquisition returned says nothing of what is held, unless the
 * call takes it when it does not fail. */
static bool tells_of_later_call(const struct simulation *simulation, const struct state *state,
                                const struct instr *branch, bool when_true)
{
    const struct ir *ir = simulation->ir;
    int place = branch->left.place;
    for (const struct state *at = state->from; place >= 0 && at && at->instr != state->acquired;
         at = at->from) {
        const struct instr *instr = &ir->code.at[at->instr];
        if (instr->dst != place)
            continue;
        if (instr->kind == I_ASSIGN && instr->left.kind == O_PLACE) {
            place = instr->left.place;
            continue;
        }
        struct failing failing;
        if (instr->kind != I_CALL || holds(state, place))
            return false;
        bool passed = false;
        for (int i = 0; i < instr->arg_count; i++) {
            enum carry carry = carries(simulation, state, &instr->args[i]);
            if (carry == CARRIES_INTERIOR || carry == CARRIES_WITHIN)
                return false;
            passed |= carry != CARRIES_NOT;
        }
        return !passed || (site_failing(ir, at->instr, &failing) && when_true != failing.truth);
    }
    return false;
}

/* strtol(text, &end, 10): end may point to text afterwards. */
static bool has_address_taken(const struct ir *ir, int place)
{
    EACH (instr, &ir->code)
        for (int i = 0; i < instr->arg_count; i++)
            if (instr->args[i].kind == O_ADDRESS && instr->args[i].place == place)
                return true;
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
           !has_address_taken(simulation->ir, holds(state, branch->left.place)
                                                  ? branch->right.place
                                                  : branch->left.place) &&
           !derived_from_holder(simulation->ir, state, branch->left.place) &&
           !derived_from_holder(simulation->ir, state, branch->right.place);
}

/* url = buffer; if (too_long) url = copy(…); … if (url != buffer) free(url); An array is no new object. */
static bool is_array_instead(const struct simulation *simulation, const struct state *state,
                             const struct instr *branch, bool truth)
{
    if (branch->sign != (truth ? S2('=', '=') : S2('!', '=')) || state->phase != HELD ||
        simulation->site->argument || simulation->site->by_address ||
        branch->left.kind != O_PLACE || branch->right.kind != O_PLACE)
        return false;
    int left = branch->left.place, right = branch->right.place;
    return (holds(state, left) && !holds(state, right) && place_is_array(simulation->ir, right)) ||
           (holds(state, right) && !holds(state, left) && place_is_array(simulation->ir, left));
}

/* if (!name): no temporary file was made. */
static bool has_no_name(const struct simulation *simulation, const struct state *state)
{
    struct operand name = {.kind = O_PLACE, .place = simulation->site->place};
    return simulation->site->resource == R_TEMPORARY && name.place >= 0 &&
           facts_of(state->facts, &name).signs == ZERO;
}

/* Both sides hold the same resource: they are equal. */
static bool cannot_differ(const struct simulation *simulation, const struct state *state,
                          const struct instr *branch, bool truth)
{
    bool unequal = branch->sign == (truth ? S2('!', '=') : S2('=', '='));
    return unequal && state->phase != NOT_HELD && !simulation->site->argument &&
           branch->left.kind == O_PLACE && branch->right.kind == O_PLACE &&
           holds(state, branch->left.place) && holds(state, branch->right.place);
}

static bool passes_address(const struct ir *ir, const struct instr *call, int place)
{
    for (int i = 0; call->kind == I_CALL && i < call->arg_count; i++)
        if (call->args[i].kind == O_ADDRESS && place_within(ir, place, call->args[i].place))
            return true;
    return false;
}

/* name = buffer.text; … if (name == buffer.text) buffer_free(&buffer); On this path one is still a copy of the other. */
static bool is_still_copy(const struct simulation *simulation, const struct state *state,
                          const struct instr *branch)
{
    const struct ir *ir = simulation->ir;
    int left = branch->left.place, right = branch->right.place;
    if (branch->left.kind != O_PLACE || branch->right.kind != O_PLACE || left == right)
        return false;
    for (const struct state *at = state->from; at; at = at->from) {
        const struct instr *instr = &ir->code.at[at->instr];
        if (instr->kind == I_ASSIGN && instr->left.kind == O_PLACE &&
            ((instr->dst == left && instr->left.place == right) ||
             (instr->dst == right && instr->left.place == left)))
            return true;
        bool sets = instr->dst >= 0 &&
                    (place_within(ir, left, instr->dst) || place_within(ir, right, instr->dst));
        if (sets || passes_address(ir, instr, left) || passes_address(ir, instr, right))
            return false;
    }
    return false;
}

/* must_free = false; … if (must_free) free(p); Since p was acquired the function has decided that somebody else has it. */
static bool is_cleared(const struct simulation *simulation, const struct state *state,
                       const struct instr *branch)
{
    const struct ir *ir = simulation->ir;
    int flag = branch->left.place;
    if (branch->left.kind != O_PLACE || branch->right.kind != O_NUMBER ||
        (branch->sign != S2('=', '=') && branch->sign != S2('!', '=')) ||
        ir->places.at[flag].kind != P_LOCAL || place_is_pointer(ir, flag) || holds(state, flag))
        return false;
    const struct instr *last = NULL;
    for (const struct state *at = state->from; !last && at && at->instr != state->acquired;
         at = at->from)
        if (ir->code.at[at->instr].dst == flag)
            last = &ir->code.at[at->instr];
    if (!last || last->kind != I_ASSIGN || last->left.kind != O_NUMBER || last->implicit)
        return false;
    EACH (instr, &ir->code) {
        bool computed = instr->dst == flag && instr->kind != I_DECLARE &&
                        (instr->kind != I_ASSIGN || instr->left.kind != O_NUMBER);
        if (computed || (instr->kind == I_RETURN && instr->left.place == flag))
            return false;
    }
    EACH (instr, &ir->code)
        if (instr->dst == flag && instr->kind == I_ASSIGN &&
            instr->left.number != last->left.number)
            return true;
    return false;
}

/* Is there nothing between the place where the condition is false and the end of the statement? */
static bool has_no_else(const struct ir *ir, int target)
{
    const struct instr *jump = target > 0 ? &ir->code.at[target - 1] : NULL;
    return jump && jump->kind == I_JOIN && jump->next == target + 1;
}

/* if (x->kind == KIND_LIST) …; else if (x->kind == KIND_TABLE) …; has named all kinds that there are. */
static bool names_no_kind(const struct simulation *simulation, const struct state *state,
                          const struct instr *branch, bool truth)
{
    struct fact fact = facts_of(state->facts, &branch->left);
    return state->phase == HELD && simulation->parameter < 0 &&
           branch->sign == (truth ? S2('!', '=') : S2('=', '=')) && branch->left.kind == O_PLACE &&
           branch->right.kind == O_SYMBOL && name_is_constant(branch->right.text) &&
           fact.unequal.kind == 2 && fact.unequal.value != (long)(intptr_t)branch->right.text &&
           has_no_else(simulation->ir, truth ? branch->next : branch->other);
}

/* text[1], of a pointer: it is read through the pointer. */
static bool indexes_pointer(const struct ir *ir, const struct place *part)
{
    const struct decl *decl = ir->places.at[part->root].decl;
    return decl && decl->type.stars > 0 && !decl->type.is_array && strchr(part->text, '[');
}

/* if (p->count > 1): here p is no null pointer. */
static const struct facts *assume_pointer(const struct simulation *simulation,
                                          const struct facts *facts, int place)
{
    struct ir *ir = simulation->ir;
    const struct place *part = place >= 0 ? &ir->places.at[place] : NULL;
    if (part && part->kind == P_VALUE && part->parts.count == 1)
        part = &ir->places.at[part->parts.at[0]]; /* p->flags & A */
    if (!part || part->kind != P_PART || !(part->through || indexes_pointer(ir, part)) ||
        ir->places.at[part->root].kind != P_LOCAL || !simulation->queue->tested[part->root])
        return facts;
    struct operand pointer = {.kind = O_PLACE, .place = part->root},
                   null = {.kind = O_NUMBER, .place = -1};
    const struct facts *more = facts_assume(simulation->arena, ir, facts, &pointer, S2('!', '='),
                                            &null, true);
    return more ? more : facts;
}

bool learn_pointers(const struct simulation *simulation, struct state *state,
                    const struct instr *instr)
{
    if (state->phase == RELEASED || simulation->parameter >= 0)
        return true;
    if (instr->kind == I_ASSIGN && instr->left.kind == O_PLACE)
        state->facts = assume_pointer(simulation, state->facts, instr->left.place);
    if (instr->kind != I_CALL)
        return true;
    for (int i = 0; i < instr->arg_count; i++)
        if (instr->args[i].kind == O_PLACE)
            state->facts = assume_pointer(simulation, state->facts, instr->args[i].place);
    const struct expr *called = instr->indirect && instr->expr && instr->expr->kind == E_CALL
                                    ? instr->expr->a
                                    : NULL; /* module->open(session) */
    const char *owner = called && called->kind == E_MEMBER ? expr_name(called->a) : NULL;
    int pointer = owner ? place_known(simulation->ir, owner) : -1;
    if (pointer < 0 || !simulation->queue->tested[pointer] ||
        simulation->ir->places.at[pointer].kind != P_LOCAL)
        return true;
    struct operand operand = {.kind = O_PLACE, .place = pointer},
                   null = {.kind = O_NUMBER, .place = -1};
    const struct facts *more = facts_assume(simulation->arena, simulation->ir, state->facts,
                                            &operand, S2('!', '='), &null, true);
    state->facts = more ? more : state->facts;
    return more;
}

void do_branch(struct simulation *simulation, const struct state *at, const struct instr *branch)
{
    struct state here = *at;
    const struct state *state = &here;
    here.facts = assume_pointer(simulation, here.facts, branch->left.place);
    for (int edge = 0; edge < 2; edge++) {
        struct state next = *state;
        int target = edge == 0 ? branch->next : branch->other;
        int opposite = edge == 0 ? branch->other : branch->next;
        next.facts = facts_assume(simulation->arena, simulation->ir, state->facts, &branch->left,
                                  branch->sign, &branch->right, edge == 0);
        if (!next.facts)
            continue;
        if (cannot_be_equal(simulation, state, branch, edge == 0) ||
            is_array_instead(simulation, state, branch, edge == 0) ||
            cannot_differ(simulation, state, branch, edge == 0) ||
            (branch->sign == (edge == 0 ? S2('!', '=') : S2('=', '=')) &&
             is_still_copy(simulation, state, branch)) ||
            names_no_kind(simulation, state, branch, edge == 0))
            continue;
        learn_equality(simulation, &next, branch, edge == 0);
        if (next.phase == HELD &&
            (implies_not_held(simulation, &next) ||
             implies_call_failed(simulation, state, branch, edge == 0) ||
             implies_empty(simulation, state, branch, edge == 0) ||
             implies_standard(simulation, state, branch, edge == 0) ||
             has_no_name(simulation, &next) ||
             implies_unnamed(simulation, state, branch, edge == 0) ||
             predicate_implies_failure(simulation, state, branch, edge == 0) ||
             status_implies_failure(simulation, state, branch, edge == 0))) {
            next.phase = NOT_HELD;
            next.acquired = -1;
            next.holder_count = 0;
        }
        if (next.phase == HELD && simulation->parameter < 0 &&
            guards_release(simulation, &next, opposite, target, branch)) {
            if (is_cleared(simulation, state, branch))
                continue;
            if (is_part_of_site(simulation, branch->left.place) ||
                set_since(simulation, state, branch->left.place) ||
                decided_before(simulation, state, branch) ||
                facts_assume(simulation->arena, simulation->ir, state->facts, &branch->left,
                             branch->sign, &branch->right,
                             edge != 0)) { /* else the condition is understood */
                if (!tells_of_later_call(simulation, state, branch, edge != 0))
                    continue;
                next.doubtful = true;
            }
        }
        if (next.phase == HELD && simulation->parameter < 0 && !simulation->site->argument &&
            releases_otherwise(simulation, &next, opposite, target))
            continue;
        follow(simulation, &next, target);
    }
}
