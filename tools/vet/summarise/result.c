/* What a function returns, and what it stores where its parameters point to: whose it is. */
#include "summarise.h"

#include "engine_parts.h"
#include "names.h"
#include "site_parts.h"
#include "use.h"

#include <stdlib.h>
#include <string.h>

static int argument_of(const struct ir *ir, int place)
{
    int seen = 0;
    for (int at = 0; at < place; at++)
        seen += ir->places.at[at].kind == P_PARAMETER;
    return seen;
}

static bool outlives(const struct ir *ir, int place)
{
    const struct place *at = &ir->places.at[place];
    return at->kind == P_GLOBAL ||
           (at->kind == P_PART && (at->through || ir->places.at[at->root].kind == P_GLOBAL));
}

static bool lends(const struct ir *ir)
{
    EACH (instr, &ir->code)
        if (instr->kind == I_RETURN && instr->left.kind == O_PLACE &&
            outlives(ir, instr->left.place))
            return true;
    return false;
}

static bool is_failure_value(const struct ir *ir, const struct operand *value)
{
    return value->kind == O_NUMBER || value->kind == O_SYMBOL ||
           (value->kind == O_PLACE && place_is_error_number(ir, value->place));
}

/* An iterator keeps its state there: it looks at what the last call has left. */
static bool read_before(const struct ir *ir, const struct instr *end, int place)
{
    for (const struct instr *instr = ir->code.at; instr < end; instr++) {
        if (instr->left.kind == O_PLACE && place_within(ir, instr->left.place, place))
            return true;
        for (int i = 0; i < instr->arg_count; i++)
            if (instr->args[i].kind == O_PLACE && place_within(ir, instr->args[i].place, place))
                return true;
    }
    return false;
}

/* *result = p, where result is a parameter: which one? -1: another statement. */
static int output_of(const struct ir *ir, const struct instr *instr)
{
    if (instr->dst < 0 || ir->places.at[instr->dst].kind != P_PART ||
        ir->places.at[instr->dst].text[0] != '*' || read_before(ir, instr, instr->dst))
        return -1;
    int parent = ir->places.at[instr->dst].parent;
    return ir->places.at[parent].kind == P_PARAMETER ? argument_of(ir, parent) : -1;
}

struct owners {
    struct summary *summary;
    unsigned char *returned; /* by statement: it returns what is owned */
    int resource;
    const char *allocator; /* that makes it, if only its name says so; NULL: it is known */
};

/* The allocator of the project that makes what the site holds; NULL: one that is known. */
static const char *allocator_of(const struct ir *ir, const struct site *site)
{
    EACH (acquisition, &site->acquisitions)
        if (model_allocates(ir->code.at[acquisition->instr].callee))
            return ir->code.at[acquisition->instr].callee;
    return NULL;
}

/* int name_of(x, const char **name): what the caller must not change, it does not own. */
static bool gives_constant(const struct ir *ir, int parameter)
{
    return parameter < ir->function->parameters.count &&
           ir->function->parameters.at[parameter].type.is_const;
}

/* After all that it was passed to, is it released on another path? */
static bool passes_are_releasable(const struct simulation *simulation, const struct state *state)
{
    for (int i = 0; i < state->pass_count; i++) {
        bool released = false;
        EACH (event, &simulation->events)
            for (int k = 0; event->kind == EV_RELEASE && k < event->state->pass_count; k++)
                released |= event->state->passes[k] == state->passes[i];
        if (!released)
            return false;
    }
    return true;
}

static void note_owner(struct owners *owners, const struct simulation *simulation)
{
    const struct ir *ir = simulation->ir;
    int output = -1;
    EACH (event, &simulation->events) {
        if (event->kind != EV_ESCAPE)
            continue;
        const struct instr *instr = &ir->code.at[event->instr];
        if (!passes_are_releasable(simulation, event->state))
            return; /* somebody else may have it too */
        if (instr->kind == I_RETURN)
            continue;
        if (instr->kind != I_ASSIGN || (output = output_of(ir, instr)) < 0)
            return;
    }
    owners->allocator = allocator_of(ir, simulation->site);
    EACH (event, &simulation->events)
        if (event->kind == EV_ESCAPE && ir->code.at[event->instr].kind == I_RETURN)
            owners->returned[event->instr] = 1;
    if (output >= 0 && owners->allocator && gives_constant(ir, output))
        output = -1;
    owners->resource = (int)simulation->site->resource;
    if (output >= 0 && output < owners->summary->parameters.count)
        owners->summary->parameters.at[output].acquires =
            (signed char)(simulation->site->resource + 1);
}

static void find_owners(struct knowledge *knowledge, struct ir *ir, struct owners *owners)
{
    site_vec sites = {0};
    sites_find(ir, &sites, knowledge);
    EACH (site, &sites) {
        if (!site->known || site->argument || site->by_address || site->acquisitions.count == 0)
            continue;
        struct arena arena = {0};
        struct simulation simulation = {
            .ir = ir, .arena = &arena, .site = site, .parameter = -1, .knowledge = knowledge};
        simulate(&simulation);
        if (!simulation.gave_up)
            note_owner(owners, &simulation);
        arena_free(&arena);
    }
}

/* *result = malloc(…) */
static void find_direct_outputs(struct ir *ir, struct summary *summary)
{
    EACH (instr, &ir->code) {
        const struct acquirer *acquirer = instr->kind == I_CALL && instr->callee
                                              ? model_acquirer(instr->callee)
                                              : NULL;
        int output = acquirer && acquirer->argument < 0 ? output_of(ir, instr) : -1;
        if (output >= 0 && output < summary->parameters.count &&
            !(model_allocates(instr->callee) && gives_constant(ir, output)))
            summary->parameters.at[output].acquires = (signed char)(acquirer->resource + 1);
    }
}

/* return g(…), or p = g(…); … return p, where nothing else is returned but constants. */
static const char *forwarded_result(const struct ir *ir)
{
    const char *callee = NULL;
    EACH (instr, &ir->code) {
        if (instr->kind != I_RETURN || is_failure_value(ir, &instr->left))
            continue;
        int place = instr->left.kind == O_PLACE ? instr->left.place : -1, calls = 0;
        if (place < 0 ||
            (ir->places.at[place].kind != P_LOCAL && ir->places.at[place].kind != P_TEMPORARY))
            return NULL;
        for (int i = 0; i < ir->code.count; i++) {
            const struct instr *gives = &ir->code.at[i];
            if (gives->kind == I_ASSIGN && gives->dst == place && gives->left.kind == O_PLACE &&
                ir->places.at[gives->left.place].kind != P_TEMPORARY)
                return NULL;
            if (gives->kind != I_CALL || place_variable(ir, i, gives->dst) != place)
                continue;
            if (!gives->callee || (callee && gives->callee != callee))
                return NULL;
            callee = gives->callee;
            calls++;
        }
        if (calls == 0)
            return NULL;
    }
    return callee;
}

/* Is what the function returns neither stored nor passed to a function that may keep it? */
static bool only_returned(const struct ir *ir)
{
    EACH (end, &ir->code) {
        int made = end->kind == I_RETURN && end->left.kind == O_PLACE ? end->left.place : -1;
        if (made < 0)
            continue;
        EACH (instr, &ir->code) {
            if (instr->kind == I_ASSIGN && instr->left.place == made &&
                !place_is_local(ir, instr->dst))
                return false;
            for (int i = 0; i < instr->arg_count; i++)
                if (instr->args[i].place >= 0 && place_within(ir, instr->args[i].place, made) &&
                    !(instr->callee && model_harmless(instr->callee)))
                    return false;
        }
    }
    return true;
}

/* context_set_data(context, key, made) */
static bool sets_in_parameter(const struct ir *ir, const struct instr *call)
{
    static const char *const words[] = {"set", "store", "put", "attach", "save", NULL};
    int place = call->arg_count > 1 && call->args[0].kind == O_PLACE ? call->args[0].place : -1;
    return place >= 0 && ir->places.at[ir->places.at[place].root].kind == P_PARAMETER &&
           name_has_any(call->callee, words);
}

/* insert(table, name, made, NULL), parent->child = made: what the function returns has another owner too. */
static bool enters_result(const struct ir *ir, const struct instr *instr, int made)
{
    static const char *const words[] = {"insert", "add",     "append",   "prepend", "push",
                                        "link",   "enqueue", "register", NULL};
    if (instr->kind == I_ASSIGN)
        return instr->left.kind == O_PLACE && instr->left.place == made && instr->dst >= 0 &&
               outlives(ir, instr->dst) && ir->places.at[instr->dst].root != made &&
               ir->places.at[ir->places.at[instr->dst].root].kind != P_LOCAL;
    if (instr->kind != I_CALL || !instr->callee || name_releases(instr->callee) == 2 ||
        !(name_has_any(instr->callee, words) || strstr(instr->callee, "Insert") ||
          sets_in_parameter(ir, instr)))
        return false;
    for (int i = 1; i < instr->arg_count; i++)
        if ((instr->args[i].kind == O_PLACE && instr->args[i].place == made) ||
            (instr->args[i].kind == O_ADDRESS && /* list_append(&list, &made->link) */
             place_is_behind(ir, instr->args[i].place, made)))
            return true;
    return false;
}

/* Does the function keep what it returns in an object that it was passed? */
static bool shares_result(const struct ir *ir)
{
    EACH (end, &ir->code) {
        int made = end->kind == I_RETURN && end->left.kind == O_PLACE ? end->left.place : -1;
        if (made < 0 || ir->places.at[made].kind != P_LOCAL || use_takes_reference(ir, made))
            continue;
        EACH (instr, &ir->code)
            if (enters_result(ir, instr, made))
                return true;
    }
    return false;
}

/* return open(…); The result of such a call has no variable that could be followed. */
static void find_returned_calls(const struct ir *ir, struct owners *owners)
{
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *end = &ir->code.at[i];
        int made = end->kind == I_RETURN && end->left.kind == O_PLACE ? end->left.place : -1;
        if (made < 0 || ir->places.at[made].kind != P_TEMPORARY)
            continue;
        EACH (call, &ir->code) {
            const struct acquirer *acquirer = call->kind == I_CALL && call->callee &&
                                                      call->dst == made
                                                  ? model_acquirer(call->callee)
                                                  : NULL;
            if (acquirer && acquirer->argument < 0 && !library_release(call->callee) &&
                !strstr(call->callee, "realloc")) {
                owners->returned[i] = 1;
                owners->resource = (int)acquirer->resource;
            }
        }
    }
}

static bool all_are_owned(const struct ir *ir, const struct owners *owners)
{
    bool any = false;
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *instr = &ir->code.at[i];
        if (instr->kind != I_RETURN || is_failure_value(ir, &instr->left))
            continue;
        if (!owners->returned[i])
            return false;
        any = true;
    }
    return any;
}

static bool may_acquire(const struct ir *ir)
{
    EACH (instr, &ir->code)
        if (instr->kind == I_CALL && instr->callee && model_acquirer(instr->callee))
            return true;
    return false;
}

void summarise_result(struct knowledge *knowledge, struct ir *ir, struct summary *summary)
{
    if (ir->code.count == 0 || ir->code.count > SUMMARISE_MOST)
        return;
    struct owners owners = {.summary = summary};
    owners.returned = arena_take(&knowledge->unit->arena, (size_t)ir->code.count);
    find_direct_outputs(ir, summary);
    knowledge->depth++;
    if (may_acquire(ir)) {
        find_owners(knowledge, ir, &owners);
        find_returned_calls(ir, &owners);
    }
    knowledge->depth--;
    if (lends(ir)) {
        summary->result = RESULT_LENT;
    } else if (shares_result(ir)) {
        summary->result = RESULT_SHARED;
    } else if (all_are_owned(ir, &owners)) {
        summary->result = owners.allocator ? RESULT_FORWARD : RESULT_OWNED;
        summary->forward = owners.allocator;
        summary->resource = owners.resource;
    } else if (only_returned(ir) && (summary->forward = forwarded_result(ir))) {
        summary->result = RESULT_FORWARD;
    }
}
