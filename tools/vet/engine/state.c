/* The states of a simulation: what they hold, when two are the same, and where they go on. */
#include "engine_parts.h"
#include "site_parts.h"

#include <stdio.h>
#include <string.h>

static int room_for(enum phase phase)
{
    return phase == NOT_HELD ? 3 : phase == HELD ? 6 : 4;
}

/* ---- states ------------------------------------------------------------------------------------- */

bool holds(const struct state *state, int place)
{
    for (int i = 0; i < state->holder_count; i++)
        if (state->holders[i] == place)
            return true;
    return false;
}

void add_holder(struct state *state, int place)
{
    if (place >= 0 && !holds(state, place) && state->holder_count < MOST_HOLDERS)
        state->holders[state->holder_count++] = place;
}

bool is_alias(const struct state *state, int place)
{
    for (int i = 0; i < state->alias_count; i++)
        if (state->aliases[i] == place)
            return true;
    return false;
}

void drop_holder(struct state *state, int index)
{
    state->holders[index] = state->holders[--state->holder_count];
}

bool add_pass(struct state *state, const char *callee)
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
bool add_keeping_pass(struct state *state, const char *callee)
{
    char text[300];
    snprintf(text, sizeof(text), "%c%.280s", PASS_KEEPS, callee);
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
           a->failing == b->failing && a->given == b->given && a->ends == b->ends &&
           a->doubtful == b->doubtful && a->prepared == b->prepared &&
           a->alias_count == b->alias_count && same_holders(a, b);
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

/* The variable that says whether a call that is not known has acquired anything; -1: there is none. The verdict asks it too. */
static int status_of(const struct simulation *simulation, const struct state *state)
{
    const struct ir *ir = simulation->ir;
    if (state->acquired < 0 || !state->acquisition || state->acquisition->known)
        return -1;
    return place_variable(ir, state->acquired, ir->code.at[state->acquired].dst);
}

/* Without what is known of places that nobody asks any more: such facts only keep states apart. */
static const struct facts *asked_facts(const struct simulation *simulation,
                                       const struct state *state, int at)
{
    const struct facts *facts = state->facts;
    unsigned char kept[MOST_FACTS + 1];
    int count = 0, status = status_of(simulation, state);
    for (int i = 0; i < facts->count; i++) {
        int place = facts->at[i].place;
        kept[i] = place == status || holds(state, place) || asked_from(simulation->ir, at, place);
        count += kept[i];
    }
    if (count == facts->count)
        return facts;
    struct facts *result = arena_take(simulation->arena,
                                      sizeof(*result) + sizeof(struct fact) * (size_t)count);
    for (int i = 0; i < facts->count; i++)
        if (kept[i])
            result->at[result->count++] = facts->at[i];
    result->clock = facts->clock;
    return result;
}

/* What a joined state covers need not be compared with any more. */
static void take_place(const struct simulation *simulation, struct seen *seen, struct state *joined)
{
    int kept = 0;
    EACH (old, &seen->states) {
        bool covered = same_property(*old, joined) &&
                       !(simulation->parameter >= 0 &&
                         !(*old)->pass_count != !joined->pass_count) &&
                       facts_imply((*old)->facts, joined->facts) && passes_include(joined, *old);
        if (covered)
            joined->stands_for += (*old)->stands_for;
        else
            seen->states.at[kept++] = *old;
    }
    seen->states.count = kept;
}

/* Puts a state to be followed, unless it is no news at its instruction. */
void follow(struct simulation *simulation, const struct state *from, int instr)
{
    if (instr < 0)
        return;
    struct state here = *from, *next = &here;
    if (simulation->ir->code.at[instr].kind == I_JOIN)
        here.facts = asked_facts(simulation, from, instr);
    struct queue *queue = simulation->queue;
    struct seen *seen = &queue->seen[instr];
    struct state *alike = NULL;
    int count = 0;
    EACH (old, &seen->states) {
        if (!same_property(*old, next) ||
            (simulation->parameter >= 0 && !(*old)->pass_count != !next->pass_count))
            continue; /* of a parameter: whether it is passed on every path */
        if (facts_imply(next->facts, (*old)->facts) && passes_include(*old, next))
            return;
        alike = *old;
        count += alike->stands_for;
    }
    struct state *state = NEW(simulation->arena, struct state);
    *state = *next;
    state->instr = instr;
    state->stands_for = 1;
    if (alike && count >= room_for(next->phase)) {
        state->facts = facts_join(simulation->arena, alike->facts, next->facts);
        for (int i = 0; i < alike->pass_count; i++)
            add_pass(state, alike->passes[i]);
        if (facts_imply(state->facts, alike->facts) && passes_include(alike, state))
            return;
        take_place(simulation, seen, state);
    }
    *ADD(simulation->arena, &seen->states) = state;
    *ADD(simulation->arena, &queue->waiting) = state;
}

/* A single exit can stand for failure on one path and for success on another. */
static bool same_class(const struct simulation *simulation, enum event_kind kind,
                       const struct state *a, const struct state *b)
{
    return (kind != EV_EXIT && kind != EV_RELEASED_EXIT && kind != EV_GIVEN_EXIT) ||
           classify_exit(simulation->ir, a) == classify_exit(simulation->ir, b);
}

void note(struct simulation *simulation, enum event_kind kind, int instr, const struct state *state)
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
