/* Conditions around a release: do they say whether there is something to release? */
#include "engine_parts.h"
#include "names.h"

#include <string.h>

#define GUARD_STEPS 300

struct guard {
    const struct simulation *simulation;
    const struct state *state;
    int meeting, budget;
    int another; /* a release of something else that must not be on the way; -1: none */
    bool works;  /* something is done with the resource before it is released */
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
    int next = after_joins(ir, call->next);
    return next >= 0 && ir->code.at[next].kind == I_BRANCH && call->dst >= 0 &&
           ir->code.at[next].left.place == call->dst;
}

/* if (missing) { path_release(&path); insert(&path); … path_release(&path); } releases what the block itself acquires. */
static bool fills_again(const struct guard *guard, const struct instr *call)
{
    int argument;
    if (call->kind != I_CALL || call->implicit || !guard->simulation->site->by_address)
        return false;
    for (int i = 0; i < call->arg_count; i++)
        if (call->args[i].kind == O_ADDRESS && holds(guard->state, call->args[i].place) &&
            call_releases(guard->simulation->ir, call, call->args[i].place, &argument) == 0)
            return acquisition_at(guard->simulation->site,
                                  (int)(call - guard->simulation->ir->code.at)) != NULL;
    return false;
}

/* f = fopen(name, "a"): the call does something with what is held, and releases nothing. */
static bool works_with(const struct guard *guard, const struct instr *call)
{
    if (call->kind != I_CALL || call->implicit || !call->callee || releases_here(guard, call))
        return false;
    for (int i = 0; i < call->arg_count; i++)
        if (call->args[i].kind == O_PLACE && holds(guard->state, call->args[i].place))
            return true;
    return false;
}

static bool meets_released(struct guard *guard, int at, bool released)
{
    for (; at >= 0 && guard->budget-- > 0; at = guard->simulation->ir->code.at[at].next) {
        const struct instr *instr = &guard->simulation->ir->code.at[at];
        if (at == guard->meeting)
            return released;
        if (instr->kind == I_RETURN || instr->kind == I_STOP || at == guard->another)
            return false;
        if (instr->kind == I_BRANCH && instr->other > at &&
            meets_released(guard, instr->other, released))
            return true;
        if (released && fills_again(guard, instr))
            return false;
        guard->works |= works_with(guard, instr);
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

/* Is the condition about something of other functions, which nobody asked before the resource was acquired? Then it does not
 * say whose the resource is: name = copy_name(); if (name && !log) { log = fopen(name, "a"); free(name); } */
static bool is_unrelated(const struct simulation *simulation, const struct state *state,
                         const struct instr *branch)
{
    const struct ir *ir = simulation->ir;
    int place = branch->left.place;
    if (branch->left.kind != O_PLACE || branch->right.kind != O_NUMBER ||
        (ir->places.at[place].kind != P_GLOBAL && ir->places.at[place].kind != P_PARAMETER) ||
        simulation->site->by_address || simulation->site->argument)
        return false;
    bool before = false;
    for (const struct state *at = state->from; at; at = at->from) {
        const struct instr *instr = &ir->code.at[at->instr];
        if (before && (instr->left.place == place || instr->right.place == place))
            return false;
        before |= at->instr == state->acquired;
    }
    return before;
}

/* Is there a release on this edge, after which it meets the other edge again? `if (owned) free(p);` Then the condition,
 * which is not understood, says whether there is something to release. */
bool guards_release(const struct simulation *simulation, const struct state *state, int edge,
                    int other, const struct instr *branch)
{
    if (jumps(simulation->ir, other))
        return false;
    struct guard guard = {simulation,  state, after_joins(simulation->ir, other),
                          GUARD_STEPS, -1,    false};
    return meets_released(&guard, edge, false) &&
           !(guard.works && is_unrelated(simulation, state, branch));
}

/* The first call that frees something from here on, before the next branch; -1: none. */
static int straight_to_free(const struct guard *guard, int at)
{
    const struct ir *ir = guard->simulation->ir;
    for (int steps = 0; at >= 0 && steps < 6; steps++, at = ir->code.at[at].next) {
        const struct instr *instr = &ir->code.at[at];
        if (instr->kind == I_BRANCH || instr->kind == I_RETURN || instr->kind == I_STOP)
            return -1;
        if (instr->kind == I_CALL && instr->callee && name_only_frees(instr->callee))
            return at;
    }
    return -1;
}

/* if (table_has(table)) table_free(table); else free(p); Both ways release something, and then meet again: the other one what
 * the table has, which may well be p. On its own way, p may be released under a condition. */
bool releases_otherwise(const struct simulation *simulation, const struct state *state, int edge,
                        int other)
{
    struct guard guard = {simulation, state, -1, GUARD_STEPS, -1, false};
    const struct ir *ir = simulation->ir;
    int another = straight_to_free(&guard, other);
    if (another < 0 || releases_here(&guard, &ir->code.at[another]))
        return false;
    guard.another = another; /* if (fill(p) < 0) goto out; free(p); out: table_free(table); */
    guard.meeting = after_joins(ir, ir->code.at[another].next);
    return meets_released(&guard, edge, false);
}
