/* What a call does: it acquires, releases, is passed the resource, or nothing. */
#include "config.h"
#include "engine_parts.h"
#include "helper.h"
#include "knowledge.h"
#include "names.h"
#include "site_parts.h"
#include "use.h"

#include <stdio.h>
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

static void acquire(struct simulation *simulation, struct state *state, int index,
                    const struct acquisition *acquisition)
{
    const struct site *site = simulation->site;
    const struct instr *instr = &simulation->ir->code.at[index];
    const struct failing *failing = &acquisition->failing;
    if (was_there(simulation, state, acquisition)) {
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
    /* getline(&line, …) in the next round: the functions that the line was passed to have left it here. */
    bool again = state->phase == HELD && state->acquired == index && acquisition->known &&
                 instr->dst != acquisition->holder;
    state->phase = HELD;
    state->acquired = index;
    state->acquisition = acquisition;
    state->released = -1;
    state->holder_count = state->alias_count = 0;
    state->pass_count = again ? state->pass_count : 0;
    state->failing = state->doubtful = false;
    state->ends = 0;
    if (!site->argument)
        add_holder(state, acquisition->holder);
    else
        assume_owner(simulation, state);
    follow(simulation, state, instr->next);
}

/* r = f(&p): if f fails it may have left p as it was. */
static bool may_leave_alone(const struct simulation *simulation, int index, int argument)
{
    const struct instr *call = &simulation->ir->code.at[index];
    const struct acquisition *acquisition = acquisition_at(simulation->site, index);
    return acquisition && acquisition->failing.tested && !acquisition->known && call->callee &&
           acquisition->failing.place == call->dst && simulation->knowledge &&
           knowledge_parameter(simulation->knowledge, call, argument).leaves_alone;
}

/* f = fdopen(fd, …); if (!f), if (!SSL_CTX_add0_chain_cert(ctx, x)): then it is still there. */
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

/* The state after the call, if it fails or if it does not, where this function looks whether it does. */
static bool after_call(const struct simulation *simulation, const struct state *state, int index,
                       bool fails, struct state *after)
{
    const struct instr *call = &simulation->ir->code.at[index];
    struct failing failing;
    if (!site_failing(simulation->ir, index, &failing))
        return false;
    struct operand place = {.kind = O_PLACE, .place = failing.place};
    *after = *state;
    after->facts =
        facts_assume(simulation->arena, simulation->ir,
                     facts_forget(simulation->arena, simulation->ir, state->facts, call->dst),
                     &place, failing.sign, &failing.right, failing.truth == fails);
    return after->facts != NULL;
}

/* if (rename(scratch, name) != 0), if (queue_add(queue, item) < 0): then it is still there. */
static void follow_failed(struct simulation *simulation, struct state *state, int index)
{
    struct state failed;
    if (after_call(simulation, state, index, true, &failed))
        follow(simulation, &failed, simulation->ir->code.at[index].next);
}

/* Neither one of an array nor what a variable holds whose address is passed. */
static bool can_be_all(const struct simulation *simulation, const struct operand *argument)
{
    return argument->kind == O_PLACE &&
           !strchr(simulation->ir->places.at[argument->place].text, '[');
}

/* `final`: nothing is left, whatever the function is called. */
static void release_by_callee(struct simulation *simulation, struct state *state, int index,
                              int argument, bool final)
{
    release(simulation, state, index, argument, !final);
    if (state->phase == RELEASED && state->released == index)
        state->weak = !final ||
                      !can_be_all(simulation, &simulation->ir->code.at[index].args[argument]);
}

/* The callee releases its argument if it fails, and leaves it to its caller if it does not. */
static bool release_if_fails(struct simulation *simulation, struct state *state, int index,
                             int argument, bool final)
{
    struct state failed, done;
    if (!after_call(simulation, state, index, true, &failed) ||
        !after_call(simulation, state, index, false, &done))
        return escape(simulation, state, index);
    release_by_callee(simulation, &failed, index, argument, final);
    follow(simulation, &failed, simulation->ir->code.at[index].next);
    follow(simulation, &done, simulation->ir->code.at[index].next);
    return false;
}

/* For a summary: the parameter is passed to this function, or to those that a function of this file passes it to. */
static void note_forwards(struct state *state, const struct parameter_summary *does,
                          const char *callee, int argument)
{
    char text[300];
    EACH (forward, &does->forwards) {
        snprintf(text, sizeof(text), "%.250s\n%d", forward->callee, forward->argument);
        add_pass(state, intern_string(text));
    }
    if (does->forwards.count > 0)
        return;
    snprintf(text, sizeof(text), "%.250s\n%d", callee, argument);
    add_pass(state, intern_string(text));
}

/* table_add(table, key): what a function of such a name is not seen to keep, it may keep in a way that was not seen. */
static bool enters(const char *callee, int argument)
{
    static const char *const words[] = {"add",    "insert", "append", "push",  "enqueue",
                                        "attach", "put",    "link",   "store", NULL};
    return argument > 0 && (name_has_any(callee, words) || strstr(callee, "Add") ||
                            strstr(callee, "Insert") || strstr(callee, "Append"));
}

/* log_return(TAKE_FD(fd), …): whoever is passed what a variable gave up has it. */
static bool is_moved(const struct simulation *simulation, const struct state *state,
                     const struct operand *argument)
{
    return argument->kind == O_PLACE && state->holder_count == 1 &&
           state->holders[0] == argument->place && state->acquisition &&
           argument->place != state->acquisition->holder && state->acquired >= 0 &&
           argument->place != simulation->ir->code.at[state->acquired].dst &&
           simulation->ir->places.at[argument->place].kind == P_TEMPORARY;
}

/* pthread_create(&thread, &attr, …), pthread_mutex_init(&mutex, &attr): the attributes are only read. */
static bool only_configures(const char *callee, int argument)
{
    static const char *const names[] = {"pthread_create", "pthread_mutex_init", "pthread_cond_init",
                                        "pthread_rwlock_init", NULL};
    return argument == 1 && word_in(callee, names);
}

/* Returns false if the path need not be followed further. */
static bool pass(struct simulation *simulation, struct state *state, int index, int argument,
                 enum carry carry)
{
    const struct instr *call = &simulation->ir->code.at[index];
    const char *callee = call->callee ? call->callee : "a function pointer";
    if (state->phase == RELEASED) {
        if (carry == CARRIES_VALUE && !state->weak && !name_is_predicate(callee) &&
            !(argument == 1 && strncmp(callee, "dup", 3) == 0))
            note(simulation, EV_USE, index, state);
        if (carry == CARRIES_ADDRESS && !state->weak &&
            may_leave_alone(simulation, index, argument))
            return true;
        if (carry == CARRIES_ADDRESS ||
            (carry == CARRIES_WITHIN &&
             (call->args[argument].kind == O_ADDRESS ||
              (simulation->parameter >= 0 && !model_harmless(callee))))) {
            state->phase = NOT_HELD; /* it may have got another value */
            state->holder_count = 0;
        }
        return true;
    }
    if (state->phase != HELD)
        return true;
    if (config_keeps(callee))
        return escape(simulation, state, index);
    if (config_harmless(callee))
        return true;
    if (strncmp(callee, "CLEANUP_", 8) == 0)
        return escape(simulation, state, index); /* CLEANUP_ARRAY(list, count, list_free) */
    if (callee == simulation->ir->function->name)
        return escape(simulation, state, index); /* what it does with it, is being asked */
    if (name_has(callee, "build") && simulation->site->release &&
        strstr(simulation->site->release, "builder"))
        return escape(simulation, state, index); /* builder_build(builder, &result) */
    if (is_moved(simulation, state, &call->args[argument]))
        return escape(simulation, state, index);
    struct parameter_summary does = {0};
    if (simulation->knowledge)
        does = knowledge_parameter(simulation->knowledge, call, argument);
    enum effect effect = does.effect;
    if (effect == EFFECT_RELEASES ||
        (does.members && carry == CARRIES_ADDRESS && simulation->site->by_address)) {
        release_by_callee(simulation, state, index, argument, does.final);
        return true;
    }
    if (effect == EFFECT_RELEASES_IF_FAILS)
        return release_if_fails(simulation, state, index, argument, does.final);
    if (effect == EFFECT_KEEPS_IF_OK) {
        follow_failed(simulation, state, index);
        return escape(simulation, state, index);
    }
    if (simulation->site->resource == R_CONTEXT)
        return (effect != EFFECT_KEEPS && effect != EFFECT_MAYBE &&
                lends_context(callee, argument)) ||
               escape(simulation, state, index);
    if (effect == EFFECT_KEEPS || effect == EFFECT_MAYBE)
        return escape(simulation, state, index);
    if (only_configures(callee, argument))
        return true;
    bool keeps = !model_known_harmless(callee) && name_keeps(callee) &&
                 (argument > 0 || call->arg_count == 1 || carry == CARRIES_INTERIOR ||
                  name_hands_over(callee) || name_has(callee, "take") ||
                  name_has(callee, "register") || name_has(callee, "tsearch") ||
                  name_has(callee, "fdopen") || strstr(callee, "fdopen") ||
                  strstr(callee, "open_osfhandle") || name_has(callee, "thread") ||
                  strstr(callee, "beginthread"));
    if (simulation->site->resource == R_DESCRIPTOR && argument > 0 && name_has(callee, "send") &&
        carry == CARRIES_VALUE && add_keeping_pass(state, callee))
        return true; /* the descriptor itself is sent */
    if (keeps && strstr(callee, "fdopen"))
        follow_refused(simulation, state, index);
    if (carry == CARRIES_VALUE &&
        prototype_reads_only(simulation->ir->unit, call->callee, argument, keeps))
        return !keeps || simulation->parameter >= 0 || add_keeping_pass(state, callee) ||
               escape(simulation, state, index); /* list_append(list, const char *own) */
    if (effect != EFFECT_NONE && carry == CARRIES_VALUE && name_takes_on_success(callee)) {
        if (call->dst >= 0 && site_tested(simulation->ir, index, call->dst))
            follow_refused(simulation, state, index);
        return escape(simulation, state, index);
    }
    const struct macro *macro = macros_find(&simulation->ir->unit->macros, callee);
    if (keeps && macro && macro_passes_address(macro, argument))
        return escape(simulation, state, index); /* APPEND(list, count, p) sets p to null */
    if (effect != EFFECT_NONE && keeps &&
        !(simulation->site->resource == R_MEMORY && model_harmless(callee))) {
        if (carry == CARRIES_VALUE && simulation->parameter < 0 && !name_gives(callee) &&
            add_keeping_pass(state, callee))
            return true;
        return escape(simulation, state, index);
    }
    bool by_address = call->args[argument].kind == O_ADDRESS ||
                      is_array(simulation->ir, call->args[argument].place);
    bool untouched = effect == EFFECT_NONE && !does.shares;
    if (carry == CARRIES_WITHIN && by_address && !model_harmless(callee) && !untouched)
        return escape(simulation, state, index); /* it may release what the structure holds */
    if (carry == CARRIES_ADDRESS && !simulation->site->by_address && !model_harmless(callee) &&
        !untouched)
        return escape(simulation, state, index);
    bool struct_read = simulation->site->by_address && does.shares && simulation->parameter < 0;
    if (effect == EFFECT_NONE && enters(callee, argument) && carry == CARRIES_VALUE &&
        simulation->parameter < 0 && !simulation->site->by_address)
        return add_keeping_pass(state, callee) || escape(simulation, state, index);
    if ((effect == EFFECT_NONE && !struct_read) || model_harmless(callee) ||
        carry == CARRIES_INTERIOR)
        return true;
    if (simulation->parameter >= 0)
        note_forwards(state, &does, call->callee && !call->indirect ? call->callee : "?", argument);
    else
        add_pass(state, callee);
    return true;
}

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
    return call->callee && (word_in(call->callee, names) || strstr(call->callee, "realloc"));
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
    static const char *const names[] = {"realloc",   "reallocarray",  "krealloc",
                                        "kvrealloc", "recallocarray", NULL};
    return state->phase == HELD && call->callee && word_in(call->callee, names) && call->dst >= 0 &&
           simulation->parameter < 0 && call->arg_count > 1 && call->args[0].kind == O_PLACE &&
           holds(state, call->args[0].place) && can_hold(simulation->ir, call->dst);
}

/* more = realloc(p, n): if it fails, p is still there; unless the result overwrites p, which is lost then. */
static void follow_realloc(struct simulation *simulation, struct state *state, int index)
{
    struct ir *ir = simulation->ir;
    const struct instr *call = &ir->code.at[index];
    int holder = variable_of(ir, index, call->dst), old = call->args[0].place;
    struct operand result = {.kind = O_PLACE, .place = call->dst},
                   null = {.kind = O_NUMBER, .place = -1};
    state->facts = facts_forget(simulation->arena, ir, state->facts, call->dst);
    struct state failed = *state;
    failed.facts = facts_assume(simulation->arena, ir, state->facts, &result, S2('=', '='), &null,
                                true);
    if (failed.facts && holder != old)
        follow(simulation, &failed, call->next);
    else if (failed.facts && site_tested(ir, index, call->dst)) {
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

void do_call(struct simulation *simulation, struct state *state, int index)
{
    const struct instr *call = &simulation->ir->code.at[index];
    const struct site *site = simulation->site;
    if (call->callee && simulation->knowledge &&
        knowledge_never_returns(simulation->knowledge, call))
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
