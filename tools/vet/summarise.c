#include "summarise.h"

#include "engine_parts.h"
#include "names.h"
#include "site_parts.h"
#include "use.h"

#include <stdlib.h>
#include <string.h>

#define LARGEST 4000 /* statements of a function that is summarised */
#define MOST_FORWARDS 6

static int parameter_place(const struct ir *ir, int argument)
{
    int seen = 0;
    for (int place = 0; place < ir->places.count; place++)
        if (ir->places.at[place].kind == P_PARAMETER && seen++ == argument)
            return place;
    return -1;
}

static int argument_of(const struct ir *ir, int place)
{
    int seen = 0;
    for (int at = 0; at < place; at++)
        seen += ir->places.at[at].kind == P_PARAMETER;
    return seen;
}

/* ---- what becomes of a parameter ---------------------------------------------------------------- */

/* What has become of it at the exits of one class. */
struct ends {
    bool left, released, given;
};

struct outcome {
    struct ends ends[3]; /* by enum exit_class */
    bool left, released, given, passed, weak;
};

static void note_end(struct outcome *outcome, const struct simulation *simulation,
                     const struct event *event)
{
    struct ends *ends = &outcome->ends[classify_exit(simulation->ir, event->state)];
    ends->left |= event->kind == EV_EXIT;
    ends->released |= event->kind == EV_RELEASED_EXIT;
    ends->given |= event->kind == EV_GIVEN_EXIT;
    outcome->weak |= event->kind == EV_RELEASED_EXIT && event->state->weak;
    outcome->passed |= event->kind == EV_EXIT && event->state->pass_count > 0;
}

static struct outcome outcome_of(const struct simulation *simulation)
{
    struct outcome outcome = {0};
    EACH (event, &simulation->events) {
        outcome.released |= event->kind == EV_RELEASE;
        outcome.given |= event->kind == EV_ESCAPE;
        outcome.left |= event->kind == EV_EXIT;
        if (event->kind == EV_EXIT || event->kind == EV_RELEASED_EXIT ||
            event->kind == EV_GIVEN_EXIT)
            note_end(&outcome, simulation, event);
    }
    return outcome;
}

/* Is it left to the caller on failures, and only on these? */
static bool left_on_failure(const struct outcome *outcome)
{
    const struct ends *failure = &outcome->ends[CLASS_FAILURE],
                      *success = &outcome->ends[CLASS_SUCCESS],
                      *unknown = &outcome->ends[CLASS_UNKNOWN];
    return failure->left && !failure->released && !failure->given && !success->left &&
           !unknown->left && !outcome->passed &&
           (success->given || success->released || unknown->given || unknown->released);
}

static bool released_on_failure(const struct outcome *outcome)
{
    const struct ends *failure = &outcome->ends[CLASS_FAILURE],
                      *success = &outcome->ends[CLASS_SUCCESS],
                      *unknown = &outcome->ends[CLASS_UNKNOWN];
    return failure->released && !failure->left && success->left && !success->released &&
           !unknown->left && !unknown->released;
}

static enum effect effect_of(const struct outcome *outcome)
{
    if (!outcome->given && !outcome->released)
        return EFFECT_NONE;
    if (!outcome->left)
        return outcome->given ? (outcome->released ? EFFECT_MAYBE : EFFECT_KEEPS) : EFFECT_RELEASES;
    if (left_on_failure(outcome))
        return EFFECT_KEEPS_IF_OK;
    return !outcome->given && released_on_failure(outcome) ? EFFECT_RELEASES_IF_FAILS
                                                           : EFFECT_MAYBE;
}

static bool has_forward(const struct parameter_summary *parameter, struct forward forward)
{
    EACH (known, &parameter->forwards)
        if (known->callee == forward.callee && known->argument == forward.argument)
            return true;
    return false;
}

/* The passes of a parameter's states are "callee\nargument". */
static struct forward forward_of(const char *pass)
{
    const char *end = strchr(pass, '\n');
    if (!end)
        return (struct forward){pass, 0};
    return (struct forward){intern(pass, (size_t)(end - pass)), atoi(end + 1)};
}

/* False: there are too many to know. */
static bool add_forwards(struct arena *arena, const struct simulation *simulation,
                         struct parameter_summary *parameter)
{
    parameter->always = true;
    EACH (event, &simulation->events) {
        if (event->state->pass_count == MOST_PASSES)
            return false;
        if (event->kind == EV_EXIT)
            parameter->always &= event->state->pass_count > 0;
        for (int i = 0; i < event->state->pass_count; i++) {
            struct forward forward = forward_of(event->state->passes[i]);
            if (!has_forward(parameter, forward))
                *ADD(arena, &parameter->forwards) = forward;
        }
    }
    parameter->always &= parameter->forwards.count == 1;
    return parameter->forwards.count <= MOST_FORWARDS;
}

/* Does the function give this part another value? Then it is no release for good. */
static bool set_again(const struct ir *ir, int part)
{
    EACH (instr, &ir->code)
        if (instr->dst == part &&
            (instr->kind == I_CALL || (instr->kind == I_ASSIGN && instr->left.kind != O_NUMBER)))
            return true;
    return false;
}

static bool releases_members(const struct ir *ir, int place)
{
    EACH (instr, &ir->code)
        if (instr->kind == I_CALL && !instr->implicit && instr->callee && instr->arg_count > 0 &&
            name_releases(instr->callee) == 2) {
            int part = instr->args[0].place;
            if (part >= 0 && part != place && ir->places.at[part].kind == P_PART &&
                ir->places.at[part].through && place_within(ir, part, place) &&
                !set_again(ir, part))
                return true;
        }
    return false;
}

static bool is_part(const struct ir *ir, const struct operand *operand, int place)
{
    return operand->place >= 0 && operand->place != place &&
           ir->places.at[operand->place].kind == P_PART && place_within(ir, operand->place, place);
}

/* q = *parameter, *parameter = q: the variable whose address was passed is read or set. */
static bool opens(const struct ir *ir, const struct instr *instr, int place)
{
    const int places[] = {instr->dst, instr->kind == I_ASSIGN ? instr->left.place : -1};
    for (int i = 0; i < 2; i++)
        if (places[i] >= 0 && ir->places.at[places[i]].kind == P_PART &&
            ir->places.at[places[i]].parent == place && ir->places.at[places[i]].text[0] == '*')
            return true;
    return false;
}

/* other->data = parameter->data, keep(parameter->data), return parameter->data */
static bool shares_members(const struct ir *ir, int place)
{
    EACH (instr, &ir->code) {
        if (opens(ir, instr, place))
            return true;
        if ((instr->kind == I_RETURN ||
             (instr->kind == I_ASSIGN && !place_is_local(ir, instr->dst))) &&
            is_part(ir, &instr->left, place))
            return true;
        if (instr->kind == I_CALL && !(instr->callee && model_harmless(instr->callee)))
            for (int i = 0; i < instr->arg_count; i++)
                if (is_part(ir, &instr->args[i], place))
                    return true;
    }
    return false;
}

/* What functions of the same file do with the structure that they are passed. */
static void add_callees(struct knowledge *knowledge, const struct ir *ir, int place,
                        struct parameter_summary *parameter)
{
    EACH (instr, &ir->code)
        for (int i = 0; instr->kind == I_CALL && instr->callee && i < instr->arg_count; i++) {
            if (instr->args[i].kind != O_PLACE || instr->args[i].place != place)
                continue;
            struct parameter_summary does = knowledge_parameter(knowledge, instr, i);
            parameter->members |= does.members;
            parameter->shares |= does.shares;
        }
}

static bool leaves_alone(const struct ir *ir, int parameter)
{
    EACH (instr, &ir->code)
        if (instr->kind == I_ASSIGN && instr->left.kind == O_NUMBER &&
            ir->places.at[instr->dst].kind == P_PART &&
            ir->places.at[instr->dst].parent == parameter)
            return false;
    EACH (instr, &ir->code)
        for (int i = 0; i < instr->arg_count; i++)
            if (instr->args[i].place == parameter)
                return false; /* another function may set it */
    return true;
}

static bool is_int(const struct ir *ir, int argument)
{
    if (argument >= ir->function->parameters.count)
        return false;
    const struct type *type = &ir->function->parameters.at[argument].type;
    return type->stars == 0 && type->count == 1 && strcmp(type->words[0], "int") == 0;
}

void summarise_parameter(struct knowledge *knowledge, struct ir *ir, int argument,
                         struct parameter_summary *parameter)
{
    int place = parameter_place(ir, argument);
    if (place < 0 || ir->code.count > LARGEST)
        return;
    struct arena arena = {0};
    struct site site = {.place = place,
                        .resource = is_int(ir, argument) ? R_DESCRIPTOR : R_OBJECT,
                        .has_release = true};
    struct simulation simulation = {
        .ir = ir, .arena = &arena, .site = &site, .parameter = place, .knowledge = knowledge};
    knowledge->depth++;
    simulate(&simulation);
    knowledge->depth--;
    struct outcome outcome = outcome_of(&simulation);
    if (!simulation.gave_up) {
        parameter->effect = effect_of(&outcome);
        parameter->final = outcome.released && !outcome.weak;
        if (parameter->effect == EFFECT_NONE && outcome.passed) {
            parameter->effect = EFFECT_UNKNOWN;
            if (!add_forwards(&knowledge->unit->arena, &simulation, parameter))
                parameter->forwards.count = 0;
        }
    }
    parameter->members = releases_members(ir, place);
    parameter->shares = shares_members(ir, place);
    knowledge->depth++;
    add_callees(knowledge, ir, place, parameter);
    knowledge->depth--;
    parameter->leaves_alone = leaves_alone(ir, place);
    arena_free(&arena);
}

/* ---- who owns the result ------------------------------------------------------------------------ */

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
           (value->kind == O_PLACE && is_error_number(ir, value->place));
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
            if (gives->kind != I_CALL || variable_of(ir, i, gives->dst) != place)
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
    if (ir->code.count == 0 || ir->code.count > LARGEST)
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

/* ---- a whole file ------------------------------------------------------------------------------- */

static void add_functions(struct arena *arena, struct knowledge *knowledge,
                          struct file_summary *file)
{
    EACH (ir, &knowledge->irs) {
        const char *name = ir->function->name;
        if (ir->function->type.is_static || strcmp(name, "main") == 0)
            continue;
        const struct summary *summary = knowledge_summary(knowledge, name);
        if (summary)
            *ADD(arena, &file->functions) = *summary;
    }
}

static char *make_text(struct arena *arena, const char *path, path_vec *headers)
{
    struct unit unit = {.path = path};
    if (!source_read(&unit.arena, path, &unit.source)) {
        unit_close(&unit);
        return NULL;
    }
    struct knowledge knowledge;
    struct file_summary file = {0};
    parse_unit(&unit);
    knowledge_gather(&knowledge, &unit, NULL);
    add_functions(&unit.arena, &knowledge, &file);
    knowledge_uses(&knowledge, &unit.arena, &file);
    char *text = file_summary_write(arena, &file);
    EACH (header, &unit.headers)
        *ADD(arena, headers) = *header;
    knowledge_free(&knowledge);
    unit_close(&unit);
    return text;
}

char *summary_text(struct arena *arena, const struct settings *settings, const char *path,
                   path_vec *headers)
{
    char *text = settings->cache ? cache_get_summary(arena, settings, path, headers) : NULL;
    if (text)
        return text;
    text = make_text(arena, path, headers);
    if (text && settings->cache)
        cache_put_summary(settings, path, headers, text);
    return text;
}
