#define _GNU_SOURCE
/* What a call does: it acquires, releases, is passed the resource, or nothing. */
#include "config.h"
#include "engine_parts.h"
#include "harness.h"
#include "helper.h"
#include "knowledge.h"
#include "names.h"
#include "site_parts.h"
#include "use.h"

#include <stdio.h>
#include <string.h>

static bool fills(const struct instr *call, int argument)
{
    const struct acquirer *acquirer = call->callee ? model_acquirer(call->callee) : NULL;
    return (acquirer && acquirer->argument == argument) || !call->callee ||
           !model_harmless(call->callee);
}

/* errno = 0; entry = readdir(folder); if (!entry && errno != 0) … */
static void forget_errno(struct simulation *simulation, struct state *state)
{
    for (int i = 0; i < state->facts->count; i++) {
        int place = state->facts->at[i].place;
        if (simulation->ir->places.at[place].kind == P_GLOBAL &&
            strcmp(simulation->ir->places.at[place].text, "errno") == 0) {
            state->facts = facts_forget(simulation->arena, simulation->ir, state->facts, place);
            return;
        }
    }
}

static void forget_by_address(struct simulation *simulation, struct state *state,
                              const struct instr *call)
{
    forget_errno(simulation, state);
    for (int i = 0; i < call->arg_count; i++)
        if (call->args[i].kind == O_ADDRESS && fills(call, i))
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

/* object_free(&derived->base) frees what the base begins. */
static bool is_base(const struct ir *ir, const struct operand *argument)
{
    static const char *const names[] = {"base",   "parent", "super", "obj", "object",
                                        "common", "core",   "head",  NULL};
    const char *text = place_text(ir, argument->place), *last = strrchr(text, '>');
    return argument->kind == O_ADDRESS && last && word_in(last + 1, names);
}

/* memcpy(slot, &p, sizeof(p)) stores p as `*slot = p` does. */
static bool copies_value(const struct simulation *simulation, const struct state *state,
                         const struct instr *call)
{
    static const char *const names[] = {"memcpy", "memmove", "mempcpy", NULL};
    return state->phase == HELD && call->callee && call->arg_count == 3 &&
           word_in(call->callee, names) &&
           ((call->args[1].kind == O_ADDRESS && holds(state, call->args[1].place)) ||
            carries(simulation, state, &call->args[1]) == CARRIES_WITHIN);
}

/* int cache_open(…) { …; if (failed) cache_close(&cache->base.handle); } The end of what this function begins finds the whole by
 * the address of its part. */
static bool ends_own_object(const struct ir *ir, const struct instr *call,
                            const struct operand *argument)
{
    const char *text = argument->place >= 0 ? ir->places.at[argument->place].text : "";
    const char *arrow = strrchr(text, '>');
    bool deep = arrow &&
                strchr(arrow, '.'); /* not only &cache->lock, which has an end of its own */
    return argument->kind == O_ADDRESS && call->callee && name_releases(call->callee) == 2 &&
           (names_pair(ir->function->name, call->callee) ||
            (deep && names_are_family(ir->function->name, call->callee)));
}

/* &base->handle, where base = &cache->base. */
static bool is_in_alias(const struct ir *ir, const struct state *state,
                        const struct operand *argument)
{
    for (int i = 0; i < state->alias_count; i++)
        if (argument->place >= 0 && place_within(ir, argument->place, state->aliases[i]))
            return state->phase == HELD;
    return false;
}

static bool do_arguments(struct simulation *simulation, struct state *state, int index)
{
    const struct instr *call = &simulation->ir->code.at[index];
    bool released = false;
    if (copies_value(simulation, state, call))
        return escape(simulation, state, index);
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
        if (carry == CARRIES_NOT && is_in_alias(simulation->ir, state, &call->args[i]) &&
            ends_own_object(simulation->ir, call, &call->args[i]))
            return escape(simulation, state, index);
        if (carry == CARRIES_NOT)
            continue;
        int argument = i, level = 0;
        if (carry == CARRIES_VALUE || carry == CARRIES_ADDRESS || call->implicit ||
            carry == CARRIES_WITHIN)
            level = call_releases(simulation->ir, call, place, &argument);
        if (level && only_empties(simulation, state, call))
            return true;
        if (carry == CARRIES_INTERIOR && i == 0 && call->callee &&
            name_releases(call->callee) == 2 && is_base(simulation->ir, &call->args[i])) {
            release(simulation, state, index, i, true);
            return true;
        }
        if (carry == CARRIES_INTERIOR && ends_own_object(simulation->ir, call, &call->args[i]))
            return escape(simulation, state, index);
        if (level && argument == i &&
            (carry == CARRIES_WITHIN || release_counts(simulation, call, level))) {
            release(simulation, state, index, i, level == 1 || carry == CARRIES_WITHIN);
            released = true;
        } else if (!pass(simulation, state, index, i, carry)) {
            return false;
        }
    }
    return true;
}

/* memcpy(p, …); where nobody looks at the result. */
static bool is_dropped(const struct ir *ir, const struct instr *call)
{
    return call->callee && strncmp(call->callee, "mem", 3) == 0 &&
           ir->places.at[call->dst].kind == P_TEMPORARY && !place_is_used(ir, call->dst);
}

/* strcpy(p, …) is p; realloc(p, n) goes on with it. */
static bool returns_argument(const struct instr *call)
{
    static const char *const names[] = {"memcpy", "memmove", "memset",  "strcpy", "strncpy",
                                        "strcat", "strncat", "mempcpy", "stpcpy", NULL};
    return call->callee && (word_in(call->callee, names) || strcasestr(call->callee, "realloc"));
}

/* request->text = memcpy(block + used, text, n): whoever has the part has all of it. */
static bool stores_part(const struct simulation *simulation, const struct state *state,
                        const struct instr *call)
{
    const struct ir *ir = simulation->ir;
    int target = call->arg_count > 0 && call->args[0].kind == O_PLACE ? call->args[0].place : -1;
    return call->dst >= 0 && target >= 0 && state->phase == HELD && returns_argument(call) &&
           ir->places.at[target].kind == P_VALUE && derived_from_holder(ir, state, target) &&
           !can_hold(ir, call->dst);
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
    bool copies = acquirer && acquirer->argument < 0 && !strstr(call->callee, "realloc") &&
                  !name_has(call->callee, "append");
    bool opens = call->callee && name_has(call->callee, "open"); /* fd = open_below(fd, name) */
    copies |= call->callee && (name_ends_with(call->callee, "strdup") ||
                               name_ends_with(call->callee, "strndup")); /* TEXT_STRDUP */
    if (state->phase != HELD || copies || opens || state->holder_count > 1)
        return false;
    for (int i = 0; i < call->arg_count; i++)
        if (call->args[i].place == call->dst && call->dst >= 0 && holds(state, call->dst))
            return true;
    return false;
}

/* g_assert_error(error, …): the call that was passed &error has failed. */
static bool implies_failure(const struct simulation *simulation, const struct state *state,
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

static bool reallocates(const struct simulation *simulation, const struct state *state,
                        const struct instr *call)
{
    static const char *const names[] = {"realloc",       "reallocarray", "krealloc", "kvrealloc",
                                        "recallocarray", "xmlRealloc",   NULL};
    return state->phase == HELD && call->callee && word_in(call->callee, names) && call->dst >= 0 &&
           simulation->parameter < 0 && call->arg_count > 1 && call->args[0].kind == O_PLACE &&
           holds(state, call->args[0].place) && can_hold(simulation->ir, call->dst);
}

/* more = realloc(p, n): if it fails, p is still there; unless the result overwrites p, which is lost then. */
static void follow_realloc(struct simulation *simulation, struct state *state, int index)
{
    struct ir *ir = simulation->ir;
    const struct instr *call = &ir->code.at[index];
    int holder = place_variable(ir, index, call->dst), old = call->args[0].place;
    struct operand result = {.kind = O_PLACE, .place = call->dst},
                   null = {.kind = O_NUMBER, .place = -1};
    state->facts = facts_forget(simulation->arena, ir, state->facts, call->dst);
    struct state failed = *state;
    failed.facts = facts_assume(simulation->arena, ir, state->facts, &result, S2('=', '='), &null,
                                true);
    if (failed.facts && holder != old) {
        follow(simulation, &failed, call->next);
    } else if (failed.facts && site_tested(ir, index, call->dst)) {
        failed.alias_count = 0; /* lost, unless another variable has it too */
        for (int i = failed.holder_count - 1; i >= 0; i--)
            if (failed.holders[i] == old)
                drop_holder(&failed, i);
        follow(simulation, &failed, call->next);
    }
    state->facts = facts_assume(simulation->arena, ir, state->facts, &result, S2('!', '='), &null,
                                true);
    if (!state->facts)
        return;
    state->holder_count = state->alias_count = 0;
    add_holder(state, call->dst);
    follow(simulation, state, call->next);
}

/* Is the operand a function that releases, or the member of an object that points to one: free, lock->unlock? */
static bool names_release(const struct ir *ir, const struct operand *operand)
{
    if (operand->kind != O_PLACE && operand->kind != O_ADDRESS)
        return false;
    const struct place *place = &ir->places.at[operand->place];
    if (place->kind == P_GLOBAL && !place->decl)
        return name_releases(place->text) > 0;
    const char *arrow = place->kind == P_PART ? strrchr(place->text, '>') : NULL;
    return arrow && name_releases(arrow + 1) == 2;
}

/* cleanup_push(unlock, &lock), filter_new(list, step, lock, lock->unlock): what is passed the resource and its release
 * sees to it. */
static bool gets_release(const struct simulation *simulation, const struct state *state,
                         const struct instr *call)
{
    const struct site *site = simulation->site;
    bool release = false, resource = false;
    if (state->phase != HELD || simulation->parameter >= 0 || call->implicit ||
        (site->argument && site->resource != R_LOCK))
        return false;
    for (int i = 0; i < call->arg_count; i++) {
        const struct operand *argument = &call->args[i];
        if (names_release(simulation->ir, argument))
            release = true;
        else if (site->argument)
            resource |= site->place >= 0 && argument->place == site->place;
        else
            resource |= carries(simulation, state, argument) != CARRIES_NOT;
    }
    return release && resource;
}

/* lock(&table->lock); pthread_cleanup_push(unlock_table, table); … pthread_cleanup_pop(1): what runs may well unlock. */
static bool pops_cleanup(const struct simulation *simulation, const struct state *state,
                         const struct instr *call)
{
    return simulation->site->argument && state->phase == HELD && simulation->parameter < 0 &&
           call->callee && call->arg_count == 1 && strstr(call->callee, "cleanup_pop") &&
           !(call->args[0].kind == O_NUMBER && call->args[0].number == 0);
}

/* skip(), fail(): such a call of a test framework, which has no arguments or a text, ends the test. */
static bool ends_test(const struct ir *ir, const struct instr *call)
{
    static const char *const names[] = {"skip",     "fail",         "fail_msg",
                                        "ck_abort", "ck_abort_msg", NULL};
    return call->callee && !call->indirect && word_in(call->callee, names) && is_of_test(ir);
}

void do_call(struct simulation *simulation, struct state *state, int index)
{
    const struct instr *call = &simulation->ir->code.at[index];
    const struct site *site = simulation->site;
    if (call->callee && simulation->knowledge &&
        knowledge_never_returns(simulation->knowledge, call))
        return;
    if (ends_test(simulation->ir, call))
        return;
    if (gets_release(simulation, state, call) && !escape(simulation, state, index))
        return;
    if (pops_cleanup(simulation, state, call) && !escape(simulation, state, index))
        return;
    const struct acquisition *acquisition = acquisition_at(site, index);
    if (site->argument) {
        if (site->resource == R_LOCK && state->phase == HELD && call->callee &&
            model_slow(call->callee))
            note(simulation, EV_SLOW, index, state);
        if (pair_released(simulation, call)) {
            if (state->phase == HELD && site->resource == R_TEMPORARY &&
                name_has(call->callee, "rename"))
                follow_failed(simulation, state, index);
            bool direct = call->implicit || !simulation->knowledge ||
                          !map_get(&simulation->knowledge->by_name, call->callee);
            if (state->phase == NOT_HELD && !call->implicit && direct)
                note(simulation, EV_UNHELD, index, state);
            else if (state->phase != NOT_HELD)
                release(simulation, state, index, -1,
                        !direct && !(site->resource == R_LOCK && call->callee &&
                                     names_pair(site->acquire, call->callee)));
        }
    } else if (!do_arguments(simulation, state, index)) {
        return;
    }
    if (state->phase == RELEASED && state->released != index && call->arg_count > 0 &&
        holds(state, call->args[0].place) && use_fills_again(call, call->args[0].place)) {
        state->phase = NOT_HELD;
        state->acquired = state->released = -1;
        state->holder_count = 0;
    }
    if (implies_failure(simulation, state, call)) {
        state->phase = NOT_HELD;
        state->acquired = -1;
        state->holder_count = 0;
    }
    forget_by_address(simulation, state, call);
    bool ends_pair = site->resource == R_PAIR && state->phase == HELD && simulation->knowledge &&
                     helper_completes(simulation->knowledge, simulation->ir, call, site->acquire,
                                      false);
    if (ends_pair || (site->resource == R_LOCK && state->phase == HELD && call->callee &&
                      simulation->knowledge && knowledge_unlocks(simulation->knowledge, call))) {
        if (!escape(simulation, state, index))
            return;
    }
    if (state->phase == HELD &&
        (hands_out_content(simulation, call) || stores_part(simulation, state, call))) {
        if (!escape(simulation, state, index))
            return;
    }
    if (reallocates(simulation, state, call)) {
        follow_realloc(simulation, state, index);
        return;
    }
    if (call->dst >= 0 && state->phase == HELD && call->arg_count > 0 && returns_argument(call) &&
        call->args[0].kind == O_PLACE && holds(state, call->args[0].place) &&
        !is_dropped(simulation->ir, call)) {
        if (!can_hold(simulation->ir, call->dst)) {
            if (!escape(simulation, state, index))
                return;
        } else if (call->dst != call->args[0].place) {
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
