/* The resource is passed to a function: it is only used there, kept, or released. */
#include "config.h"
#include "engine_parts.h"
#include "helper.h"
#include "knowledge.h"
#include "names.h"
#include "site_parts.h"
#include "use.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* p = NULL; for (…) { r = next(&p); if (r) goto out; … free(p); } out: free(p); The null pointer before the loop is there
 * for a next() that fails and sets nothing; what the round before has freed is still in p then. */
static bool relies_on_null(const struct simulation *simulation, const struct state *state,
                           int index, int place)
{
    const struct ir *ir = simulation->ir;
    const struct instr *release = &ir->code.at[state->released];
    if (state->released < index || release->implicit || !release->callee ||
        !model_frees_memory(release->callee))
        return false;
    for (int i = 0; i < index; i++)
        if (ir->code.at[i].kind == I_ASSIGN && ir->code.at[i].dst == place)
            return ir->code.at[i].left.kind == O_NUMBER && ir->code.at[i].left.number == 0;
    return false;
}

/* r = f(&p): if f fails it may have left p as it was. */
static bool may_leave_alone(const struct simulation *simulation, const struct state *state,
                            int index, int argument)
{
    const struct instr *call = &simulation->ir->code.at[index];
    const struct acquisition *acquisition = acquisition_at(simulation->site, index);
    if (!acquisition || !acquisition->failing.tested || acquisition->known || !call->callee ||
        acquisition->failing.place != call->dst || !simulation->knowledge)
        return false;
    if (knowledge_knows(simulation->knowledge, call))
        return knowledge_parameter(simulation->knowledge, call, argument).leaves_alone;
    return simulation->parameter < 0 &&
           relies_on_null(simulation, state, index, call->args[argument].place);
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

/* An error belongs to whoever is passed it, but for what only reads it. */
static bool lends_error(const char *callee)
{
    static const char *const takers[] = {"lg_error_wrap",     "lg_error_wrap_kind",
                                         "lg_error_join",     "lg_error_join_into",
                                         "lg_error_new_kind", NULL};
    return (strncmp(callee, "lg_error_", 9) == 0 && !word_in(callee, takers)) ||
           model_known_harmless(callee);
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

/* LIST_ADDQ(list, &item->link), TAILQ_INSERT_TAIL(list, &item->link): such a macro has the list lead to the item. */
static bool links(const char *callee)
{
    static const char *const parts[] = {"ADD", "INS", "APPEND", "PUSH", "LINK", NULL};
    for (const char *const *part = parts; name_is_constant(callee) && *part; part++)
        if (strstr(callee, *part))
            return !strstr(callee, "UNLINK");
    return false;
}

/* object->connect(address, on_connect, request): whoever calls the function later passes it what comes with it. The name of
 * a member tells nothing of that, though it is the name of a function of the C library. */
static bool is_of_callback(const struct simulation *simulation, const struct instr *call,
                           int argument)
{
    const struct ir *ir = simulation->ir;
    const struct operand *before = argument > 0 ? &call->args[argument - 1] : NULL;
    if (!call->indirect || !before || before->place < 0)
        return false;
    const struct place *place = &ir->places.at[before->place];
    return place->kind == P_GLOBAL && !place->decl && islower((unsigned char)*place->text);
}

/* The conversion that prints the argument after the format; 0: there is none. */
static char conversion_of(const char *format, int argument)
{
    for (const char *at = strchr(format, '%'); at; at = strchr(at, '%')) {
        at++;
        if (*at == '%') {
            at++;
            continue;
        }
        at += strspn(at, "-+ #0123456789.hlLqjzt");
        if (*at == '*')
            return 0;
        if (argument-- == 0)
            return *at;
    }
    return 0;
}

/* printf("%p", p) prints where it was. */
static bool prints_address(const struct instr *call, int argument)
{
    for (int i = 0; i < argument; i++)
        if (call->args[i].kind == O_STRING && strchr(call->args[i].text, '%'))
            return conversion_of(call->args[i].text, argument - i - 1) == 'p';
    return false;
}

/* match(text + 1, rest): a function that passes its parameter to itself, in the same place, does with it what its other paths
 * do. */
static bool passes_on(const struct simulation *simulation, const struct instr *call, int argument)
{
    int parameter = argument;
    for (int place = 0; place < simulation->ir->places.count; place++)
        if (simulation->ir->places.at[place].kind == P_PARAMETER && parameter-- == 0)
            return place == simulation->parameter && !call->indirect;
    return false;
}

/* remove_all(next), where `next` is what a known function gave or what this function releases after the call. */
static bool passed_again(const struct simulation *simulation, const struct state *state)
{
    const char *acquire = state->acquired >= 0 ? simulation->ir->code.at[state->acquired].callee
                                               : NULL;
    return acquire && (simulation->site->has_release || told_release(simulation->ir, acquire));
}

/* A call that the resource is passed to. */
struct passing {
    struct simulation *simulation;
    struct state *state;
    int index, argument;
    enum carry carry;
    const struct instr *call;
    const char *callee;
    struct parameter_summary does;
    bool keeps; /* by its name */
};

/* What a rule says: nothing, or that the path goes on, or need not be followed further. */
enum decision { UNDECIDED, FOLLOW, STOP };

static enum decision given(const struct passing *to)
{
    return escape(to->simulation, to->state, to->index) ? FOLLOW : STOP;
}

/* … perhaps: whether it is kept is asked when the whole path is known. */
static enum decision perhaps_given(const struct passing *to)
{
    return add_keeping_pass(to->state, to->callee) ? FOLLOW : given(to);
}

static void pass_released(const struct passing *to)
{
    struct state *state = to->state;
    if (to->carry == CARRIES_VALUE && !state->weak && !name_is_predicate(to->callee) &&
        !prints_address(to->call, to->argument) &&
        !(to->argument == 1 && strncmp(to->callee, "dup", 3) == 0))
        note(to->simulation, EV_USE, to->index, state);
    if (to->carry == CARRIES_ADDRESS && !state->weak &&
        may_leave_alone(to->simulation, state, to->index, to->argument))
        return;
    if (to->carry == CARRIES_ADDRESS ||
        (to->carry == CARRIES_WITHIN &&
         (to->call->args[to->argument].kind == O_ADDRESS ||
          (to->simulation->parameter >= 0 && !model_harmless(to->callee))))) {
        state->phase = NOT_HELD; /* it may have got another value */
        state->holder_count = 0;
    }
}

static enum decision by_configuration(const struct passing *to)
{
    if (config_keeps(to->callee))
        return given(to);
    return config_harmless(to->callee) ? FOLLOW : UNDECIDED;
}

static bool result_is_tested(const struct passing *to)
{
    return to->call->dst >= 0 && site_tested(to->simulation->ir, to->index, to->call->dst);
}

/* stream = fdopen(fd, "r"): if it fails, the descriptor is still there. */
static void follow_unopened(const struct passing *to)
{
    if (strstr(to->callee, "fdopen") && (model_acquirer(to->callee) || result_is_tested(to)))
        follow_refused(to->simulation, to->state, to->index);
}

/* By how the call is written. */
static enum decision by_form(const struct passing *to)
{
    const struct simulation *simulation = to->simulation;
    const char *callee = to->callee, *release = simulation->site->release;
    if (strncmp(callee, "CLEANUP_", 8) == 0)
        return given(to); /* CLEANUP_ARRAY(list, count, list_free) */
    if (callee == simulation->ir->function->name) {
        if (passes_on(simulation, to->call, to->argument))
            return FOLLOW;
        if (simulation->parameter >= 0 || !passed_again(simulation, to->state))
            return given(to); /* what it does with it, is being asked */
    }
    if (name_ends_with(callee, "_async") && to->argument == to->call->arg_count - 1 &&
        to->argument > 0 && simulation->parameter < 0)
        return given(to); /* file_query_async(file, callback, data) */
    if (strstr(callee, "make_resident"))
        return given(to); /* g_module_make_resident(module) */
    if (name_has(callee, "build") && release && strstr(release, "builder"))
        return given(to); /* builder_build(builder, &result) */
    if (is_moved(simulation, to->state, &to->call->args[to->argument])) {
        follow_unopened(to); /* fdopen(TAKE_FD(fd), "r") */
        return given(to);
    }
    if (to->carry == CARRIES_INTERIOR &&
        (links(callee) || (to->call->indirect && simulation->parameter < 0)))
        return given(to); /* table->add(table, name, &entry->node) */
    if (to->carry == CARRIES_VALUE && simulation->parameter < 0 &&
        is_of_callback(simulation, to->call, to->argument))
        return perhaps_given(to);
    return UNDECIDED;
}

/* By what the called function does with its parameter, as far as its body is known. */
static enum decision by_summary(const struct passing *to)
{
    struct simulation *simulation = to->simulation;
    enum effect effect = to->does.effect;
    if (effect == EFFECT_RELEASES ||
        (to->does.members && to->carry == CARRIES_ADDRESS && simulation->site->by_address)) {
        release_by_callee(simulation, to->state, to->index, to->argument, to->does.final);
        return FOLLOW;
    }
    if (effect == EFFECT_RELEASES_IF_FAILS)
        return release_if_fails(simulation, to->state, to->index, to->argument, to->does.final)
                   ? FOLLOW
                   : STOP;
    if (effect == EFFECT_KEEPS_IF_OK) {
        follow_failed(simulation, to->state, to->index);
        return given(to);
    }
    return UNDECIDED;
}

/* Contexts and errors have rules of their own; other things go to whoever keeps them. */
static enum decision by_resource(const struct passing *to)
{
    bool kept = to->does.effect == EFFECT_KEEPS || to->does.effect == EFFECT_MAYBE;
    if (to->simulation->site->resource == R_CONTEXT)
        return !kept && lends_context(to->callee, to->argument) ? FOLLOW : given(to);
    if (to->simulation->site->resource == R_ERROR)
        return lends_error(to->callee) ||
                       prototype_reads_only(to->simulation->ir->unit, to->call->callee,
                                            to->argument, false)
                   ? FOLLOW
                   : given(to);
    return kept ? given(to) : UNDECIDED;
}

static enum decision by_known_name(const struct passing *to)
{
    const char *callee = to->callee;
    if (only_configures(callee, to->argument) ||
        (to->argument == 0 && strcmp(callee, "realpath") == 0))
        return FOLLOW;
    if (strcmp(callee, "timer_settime") == 0 && to->argument == 0) {
        follow_failed(to->simulation, to->state, to->index);
        return given(to); /* an armed timer goes on without its variable */
    }
    if (to->simulation->site->resource != R_DESCRIPTOR)
        return UNDECIDED;
    if (name_has(callee, "move") && name_has(callee, "fd"))
        return given(to); /* move_fd(fd, STDOUT_FILENO) */
    if (to->argument > 0 && name_has(callee, "send") && to->carry == CARRIES_VALUE &&
        add_keeping_pass(to->state, callee))
        return FOLLOW; /* the descriptor itself is sent */
    return UNDECIDED;
}

/* Does a function of such a name keep this argument? */
static bool sounds_keeping(const struct passing *to)
{
    const char *callee = to->callee;
    if (model_known_harmless(callee) || !name_keeps(callee))
        return false;
    return to->argument > 0 || to->call->arg_count == 1 || to->carry == CARRIES_INTERIOR ||
           name_hands_over(callee) || name_has(callee, "take") || name_has(callee, "register") ||
           name_has(callee, "tsearch") || name_has(callee, "fdopen") || strstr(callee, "fdopen") ||
           strstr(callee, "open_osfhandle") || name_has(callee, "thread") ||
           strstr(callee, "beginthread");
}

/* list_append(list, const char *own) */
static enum decision by_prototype(const struct passing *to)
{
    if (to->keeps)
        follow_unopened(to);
    if (to->carry != CARRIES_VALUE ||
        !prototype_reads_only(to->simulation->ir->unit, to->call->callee, to->argument, to->keeps))
        return UNDECIDED;
    return !to->keeps || to->simulation->parameter >= 0 ? FOLLOW : perhaps_given(to);
}

static enum decision by_keeping_name(const struct passing *to)
{
    struct simulation *simulation = to->simulation;
    bool may_keep = to->does.effect != EFFECT_NONE;
    if (may_keep && to->carry == CARRIES_VALUE && name_takes_on_success(to->callee)) {
        if (result_is_tested(to))
            follow_refused(simulation, to->state, to->index);
        return given(to);
    }
    const struct macro *macro = macros_find(&simulation->ir->unit->macros, to->callee);
    if (to->keeps && macro && macro_passes_address(macro, to->argument))
        return given(to); /* APPEND(list, count, p) sets p to null */
    if (!may_keep || !to->keeps ||
        (simulation->site->resource == R_MEMORY && model_harmless(to->callee)))
        return UNDECIDED;
    return to->carry == CARRIES_VALUE && simulation->parameter < 0 && !name_gives(to->callee)
               ? perhaps_given(to)
               : given(to);
}

/* Who gets the address of what leads to the resource may release it. */
static enum decision by_address(const struct passing *to)
{
    const struct operand *argument = &to->call->args[to->argument];
    if (model_harmless(to->callee) || (to->does.effect == EFFECT_NONE && !to->does.shares))
        return UNDECIDED;
    if (to->carry == CARRIES_WITHIN &&
        (argument->kind == O_ADDRESS || place_is_array(to->simulation->ir, argument->place)))
        return given(to);
    return to->carry == CARRIES_ADDRESS && !to->simulation->site->by_address ? given(to)
                                                                             : UNDECIDED;
}

/* Nothing tells: it is noted who was passed it. */
static enum decision by_nothing(const struct passing *to)
{
    const struct simulation *simulation = to->simulation;
    bool by_address = simulation->site->by_address, untouched = to->does.effect == EFFECT_NONE;
    bool struct_read = by_address && to->does.shares && simulation->parameter < 0;
    if (untouched && enters(to->callee, to->argument) && to->carry == CARRIES_VALUE &&
        simulation->parameter < 0 && !by_address)
        return perhaps_given(to);
    if ((untouched && !struct_read) || model_harmless(to->callee) || to->carry == CARRIES_INTERIOR)
        return FOLLOW;
    if (simulation->parameter >= 0)
        note_forwards(to->state, &to->does,
                      to->call->callee && !to->call->indirect ? to->call->callee : "?",
                      to->argument);
    else
        add_pass(to->state, to->callee);
    return FOLLOW;
}

typedef enum decision rule_fn(const struct passing *to);

/* The surest first; the last one always decides. */
static enum decision decide(struct passing *to)
{
    static rule_fn *const before[] = {by_configuration, by_form, NULL};
    static rule_fn *const rules[] = {by_summary,      by_resource, by_known_name, by_prototype,
                                     by_keeping_name, by_address,  by_nothing,    NULL};
    enum decision decision = UNDECIDED;
    for (int i = 0; decision == UNDECIDED && before[i]; i++)
        decision = before[i](to);
    if (decision != UNDECIDED)
        return decision;
    if (to->simulation->knowledge)
        to->does = knowledge_parameter(to->simulation->knowledge, to->call, to->argument);
    to->keeps = sounds_keeping(to);
    for (int i = 0; decision == UNDECIDED; i++)
        decision = rules[i](to);
    return decision;
}

bool pass(struct simulation *simulation, struct state *state, int index, int argument,
          enum carry carry)
{
    const struct instr *call = &simulation->ir->code.at[index];
    struct passing to = {.simulation = simulation,
                         .state = state,
                         .index = index,
                         .argument = argument,
                         .carry = carry,
                         .call = call,
                         .callee = call->callee ? call->callee : "a function pointer"};
    if (state->phase == RELEASED)
        pass_released(&to);
    return state->phase != HELD || decide(&to) == FOLLOW;
}
