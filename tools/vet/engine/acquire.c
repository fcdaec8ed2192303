/* A call acquires, or has failed to. */
#include "engine_parts.h"
#include "names.h"
#include "site_parts.h"

#include <string.h>

const struct acquisition *acquisition_at(const struct site *site, int instr)
{
    EACH (acquisition, &site->acquisitions)
        if (acquisition->instr == instr)
            return acquisition;
    return NULL;
}

/* strbuf_getline(&line, in) at the end of the file: the line is still there. */
static bool only_reads_into(const struct site *site, const struct instr *call)
{
    static const char *const words[] = {"getline", "getdelim", "read", "gets", NULL};
    return site->release && call->callee && name_has_any(call->callee, words) &&
           names_are_family(site->release, call->callee);
}

/* lock(&p->lock): p is no null pointer. */
static void assume_owner(struct simulation *simulation, struct state *state)
{
    struct ir *ir = simulation->ir;
    const struct place *lock = simulation->site->place >= 0
                                   ? &ir->places.at[simulation->site->place]
                                   : NULL;
    if (!lock || lock->kind != P_PART || !lock->through || lock->parent != lock->root)
        return;
    struct operand owner = {.kind = O_PLACE, .place = lock->root},
                   null = {.kind = O_NUMBER, .place = -1};
    const struct facts *facts = facts_assume(simulation->arena, ir, state->facts, &owner,
                                             S2('!', '='), &null, true);
    if (facts)
        state->facts = facts;
}

/* at = text; next_word(&at, word): by its address the call moves on what another variable has. */
static bool is_moved_on(const struct simulation *simulation, const struct state *state,
                        const struct acquisition *acquisition)
{
    const struct ir *ir = simulation->ir;
    int holder = acquisition->holder;
    if (acquisition->known || acquisition->strength > 0 || simulation->site->by_address ||
        simulation->site->argument || ir->code.at[acquisition->instr].dst == holder)
        return false;
    const struct state *at = state->from;
    for (int steps = 0; at && steps < 80; steps++, at = at->from) {
        const struct instr *instr = &ir->code.at[at->instr];
        if (at->instr != acquisition->instr && instr->dst == holder)
            return instr->kind == I_ASSIGN && instr->left.kind == O_PLACE &&
                   ir->places.at[instr->left.place].kind != P_TEMPORARY;
    }
    return false;
}

static bool passes(const struct instr *call, int place)
{
    for (int i = 0; i < call->arg_count; i++)
        if (call->args[i].place == place)
            return true;
    return false;
}

/* if (list) entry = entry_of(&list); There is a list already, so the call does not make it: it may well take it. */
static bool was_there(const struct simulation *simulation, const struct state *state,
                      const struct acquisition *acquisition)
{
    const struct ir *ir = simulation->ir;
    const struct place *place = &ir->places.at[acquisition->holder];
    if (state->phase != NOT_HELD || acquisition->known || simulation->site->by_address ||
        simulation->site->argument || ir->code.at[acquisition->instr].dst == acquisition->holder ||
        !place->decl || place->decl->type.stars == 0 || !state->from)
        return false;
    struct operand holder = {.kind = O_PLACE, .place = acquisition->holder};
    if (facts_of(state->from->facts, &holder).signs & ZERO)
        return false;
    const struct state *at = state->from->from;
    for (int steps = 0; at && steps < 40; steps++, at = at->from) {
        const struct instr *instr = &ir->code.at[at->instr];
        if (instr->kind == I_BRANCH && instr->left.place == acquisition->holder)
            return true;
        if (instr->dst == acquisition->holder || passes(instr, acquisition->holder))
            return false;
    }
    return false;
}

/* buf_init(&buf); if (buf_add(&buf, text) < 0) return -1; What has been prepared is there, whether or not the call that uses it
 * fails. */
static bool was_prepared(const struct simulation *simulation, const struct state *state,
                         const struct instr *call)
{
    const struct site *site = simulation->site;
    const struct state *at = state;
    static const char *const opens[] = {"open",  "new",     "create", "get",   "find", "lookup",
                                        "alloc", "acquire", "search", "begin", "next", "start",
                                        "first", "connect", "lock",   "init",  NULL};
    if (!site->by_address || !call->callee || name_has_any(call->callee, opens))
        return false; /* path_open(&path): if it fails, nothing is open */
    for (int steps = 0; at && steps < 200; steps++, at = at->from) {
        const struct acquisition *acquisition = acquisition_at(site, at->instr);
        if (acquisition && acquisition->only_prepares)
            return true;
        if (at->phase != NOT_HELD)
            return false;
    }
    return false;
}

static void hold(const struct simulation *simulation, struct state *state, int index,
                 const struct acquisition *acquisition)
{
    const struct instr *instr = &simulation->ir->code.at[index];
    /* getline(&line, …) in the next round: the functions that the line was passed to have left it here. */
    bool again = state->phase == HELD && state->acquired == index && acquisition->known &&
                 instr->dst != acquisition->holder;
    state->phase = HELD;
    state->acquired = index;
    state->acquisition = acquisition;
    state->released = -1;
    state->holder_count = state->alias_count = 0;
    state->pass_count = again ? state->pass_count : 0;
    state->failing = state->doubtful = state->prepared = false;
    state->ends = 0;
}

void acquire(struct simulation *simulation, struct state *state, int index,
             const struct acquisition *acquisition)
{
    const struct site *site = simulation->site;
    const struct instr *instr = &simulation->ir->code.at[index];
    const struct failing *failing = &acquisition->failing;
    if (was_there(simulation, state, acquisition) || is_moved_on(simulation, state, acquisition)) {
        follow(simulation, state, instr->next);
        return;
    }
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
            if ((failed.phase == RELEASED && !left_alone) ||
                (more && !only_reads_into(site, instr)))
                failed.phase = NOT_HELD;
            if (failed.phase == NOT_HELD && !more && was_prepared(simulation, state, instr)) {
                hold(simulation, &failed, index, acquisition);
                add_holder(&failed, acquisition->holder);
                failed.prepared = true;
            }
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
    hold(simulation, state, index, acquisition);
    if (!site->argument)
        add_holder(state, acquisition->holder);
    else
        assume_owner(simulation, state);
    follow(simulation, state, instr->next);
}
