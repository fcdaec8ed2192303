#include "summarise.h"

#include "cache.h"
#include "engine_parts.h"
#include "names.h"
#include "site_parts.h"

#include <string.h>

#define MOST_FORWARDS 6

static int parameter_place(const struct ir *ir, int argument)
{
    int seen = 0;
    for (int place = 0; place < ir->places.count; place++)
        if (ir->places.at[place].kind == P_PARAMETER && seen++ == argument)
            return place;
    return -1;
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
    return (struct forward){intern(pass, (size_t)(end - pass)), (int)strtol(end + 1, NULL, 10)};
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
                // NOLINTNEXTLINE(readability-suspicious-call-argument): the part is within the place
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

static void summarise_parameter(struct knowledge *knowledge, struct ir *ir, int argument,
                                struct parameter_summary *parameter)
{
    int place = parameter_place(ir, argument);
    if (place < 0 || ir->code.count > SUMMARISE_MOST)
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

const struct knowledge_hooks summarise_hooks = {summarise_parameter, summarise_result};

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
    knowledge_gather(&knowledge, &unit, NULL, &summarise_hooks);
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
