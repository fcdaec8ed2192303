#include "knowledge.h"

#include "made.h"
#include "model.h"
#include "names.h"
#include "once.h"
#include "project.h"

#include <string.h>

#define DEEPEST 5 /* functions of the file that call each other */

#define MOST_PARAMETERS 12

/* A function of this file. What is known of it is computed when it is asked for. */
struct own {
    struct ir *ir;
    struct summary summary;
    unsigned parameters; /* bits: those that are known */
    bool result, booleans;
};

static void add_own(struct knowledge *knowledge, struct ir *ir)
{
    struct own *own = NEW(&knowledge->unit->arena, struct own);
    own->ir = ir;
    own->summary.name = ir->function->name;
    for (int i = 0; i < ir->function->parameters.count && i < MOST_PARAMETERS; i++)
        ADD(&knowledge->unit->arena, &own->summary.parameters);
    if (map_get(&knowledge->by_name, ir->function->name))
        return; /* another branch of an #if has defined it too */
    map_set(&knowledge->by_name, ir->function->name, ir);
    map_set(&knowledge->owns, ir->function->name, own);
}

void knowledge_gather(struct knowledge *knowledge, struct unit *unit, struct scope *scope,
                      const struct knowledge_hooks *hooks)
{
    *knowledge = (struct knowledge){.unit = unit, .scope = scope, .hooks = hooks};
    for (int i = 0; i < unit->functions.count; i++)
        lower(unit, &unit->functions.at[i], &unit->arena, ADD(&unit->arena, &knowledge->irs));
    EACH (ir, &knowledge->irs) {
        add_own(knowledge, ir);
        knowledge_learn_releases(knowledge, ir);
        knowledge_learn_passes(knowledge, ir);
        made_learn(&knowledge->made, &unit->arena, ir);
    }
}

static int lock_of(const struct instr *call)
{
    for (int i = 0; i < call->arg_count; i++)
        if (call->args[i].place >= 0)
            return call->args[i].place;
    return -1;
}

static struct own *own_function(const struct knowledge *knowledge, const char *name);

static bool is_lock_call(const struct instr *instr)
{
    return instr->kind == I_CALL && instr->callee &&
           (name_locks(instr->callee) || name_unlocks(instr->callee));
}

/* The function begins and ends with the unlocking of this lock. It may take the lock again in between. */
static bool unlocks_for_good(const struct ir *ir, const struct instr *unlock)
{
    const struct instr *first = NULL, *last = NULL;
    EACH (instr, &ir->code)
        if (is_lock_call(instr) && lock_of(instr) == lock_of(unlock)) {
            first = first ? first : instr;
            last = instr;
        }
    return first && name_unlocks(first->callee) && name_unlocks(last->callee);
}

static bool touches_locks(const struct ir *ir)
{
    EACH (instr, &ir->code)
        if (is_lock_call(instr))
            return true;
    return false;
}

/* The function unlocks what its caller has locked, itself or by a function that it calls. */
static bool unlocks(const struct knowledge *knowledge, const struct ir *ir)
{
    bool may_pass_on = !touches_locks(ir);
    EACH (instr, &ir->code) {
        if (instr->kind != I_CALL || !instr->callee)
            continue;
        if (name_unlocks(instr->callee) && unlocks_for_good(ir, instr))
            return true;
        const struct own *callee = may_pass_on ? own_function(knowledge, instr->callee) : NULL;
        if (callee && callee->summary.unlocks)
            return true;
    }
    return false;
}

static bool never_returns(const struct ir *ir)
{
    EACH (instr, &ir->code)
        if (instr->kind == I_RETURN)
            return false;
    return ir->code.count > 0;
}

static struct own *own_function(const struct knowledge *knowledge, const char *name)
{
    struct own *own = name ? map_get(&knowledge->owns, name) : NULL;
    if (own && !own->booleans) {
        own->booleans = true;
        own->summary.unlocks = unlocks(knowledge, own->ir);
        own->summary.never_returns = never_returns(own->ir);
    }
    return own;
}

/* Functions of the C library mean what they mean, whatever a test or a replacement for an old system defines. */
static bool is_standard(const char *name)
{
    return model_acquirer(name) || model_known_harmless(name) || model_frees_memory(name) ||
           model_uses_descriptor(name) || strcmp(name, "close") == 0 ||
           strcmp(name, "fclose") == 0 || strcmp(name, "pclose") == 0 ||
           strcmp(name, "closedir") == 0 || strcmp(name, "munmap") == 0;
}

static const struct summary *other_function(const struct knowledge *knowledge,
                                            const struct instr *call)
{
    return knowledge_sees_others(knowledge, call->callee) && !call->indirect &&
                   !ask_once(is_standard, call->callee) &&
                   knowledge_declares(knowledge, call->callee)
               ? scope_function(knowledge->scope, call->callee)
               : NULL;
}

static void know_parameter(struct knowledge *knowledge, struct own *own, int argument)
{
    if (own->parameters & 1u << argument)
        return;
    own->parameters |= 1u << argument; /* against recursion: unknown for now */
    struct parameter_summary *parameter = &own->summary.parameters.at[argument];
    knowledge->hooks->parameter(knowledge, own->ir, argument, parameter);
}

static void know_result(struct knowledge *knowledge, struct own *own)
{
    if (own->result)
        return;
    own->result = true;
    knowledge->hooks->result(knowledge, own->ir, &own->summary);
}

struct parameter_summary knowledge_parameter(struct knowledge *knowledge, const struct instr *call,
                                             int argument)
{
    struct own *own = own_function(knowledge, call->callee);
    const struct summary *summary = own ? &own->summary : other_function(knowledge, call);
    if (!summary || argument >= summary->parameters.count || knowledge->depth >= DEEPEST)
        return (struct parameter_summary){0};
    if (own)
        know_parameter(knowledge, own, argument);
    const struct parameter_summary *parameter = &summary->parameters.at[argument];
    return knowledge_sees_others(knowledge, call->callee)
               ? scope_parameter(knowledge->scope, parameter)
               : *parameter;
}

bool knowledge_knows(const struct knowledge *knowledge, const struct instr *call)
{
    return own_function(knowledge, call->callee) || other_function(knowledge, call);
}

bool knowledge_unlocks(const struct knowledge *knowledge, const struct instr *call)
{
    const struct own *own = own_function(knowledge, call->callee);
    const struct summary *summary = own ? &own->summary : other_function(knowledge, call);
    return summary && summary->unlocks;
}

bool knowledge_never_returns(const struct knowledge *knowledge, const struct instr *call)
{
    const struct own *own = own_function(knowledge, call->callee);
    const struct summary *summary = own ? &own->summary : other_function(knowledge, call);
    return summary && summary->never_returns;
}

/* What a function of another file, or of this one, returns or gives by address. */
static const struct summary *full_summary(struct knowledge *knowledge, const struct instr *call)
{
    struct own *own = own_function(knowledge, call->callee);
    if (!own)
        return other_function(knowledge, call);
    if (knowledge->depth < DEEPEST)
        know_result(knowledge, own);
    return &own->summary;
}

enum result_kind knowledge_result(struct knowledge *knowledge, const struct instr *call,
                                  int *resource)
{
    const struct summary *summary = full_summary(knowledge, call);
    if (!summary)
        return RESULT_UNKNOWN;
    *resource = summary->resource;
    if (summary->result != RESULT_FORWARD)
        return summary->result;
    if (model_allocates(summary->forward)) {
        *resource = R_MEMORY;
        return knowledge_nobody_releases(knowledge, summary->forward) ? RESULT_LENT : RESULT_OWNED;
    }
    struct own *own = own_function(knowledge, summary->forward);
    if (own && knowledge->depth < DEEPEST && !own->result) {
        know_result(knowledge, own);
        summary = &own->summary;
        *resource = summary->resource;
        if (summary->result != RESULT_FORWARD)
            return summary->result;
    }
    return knowledge_sees_others(knowledge, summary->forward)
               ? scope_result(knowledge->scope, summary, resource)
               : RESULT_UNKNOWN;
}

int knowledge_acquires(struct knowledge *knowledge, const struct instr *call, int argument)
{
    const struct summary *summary = full_summary(knowledge, call);
    return summary && argument < summary->parameters.count
               ? summary->parameters.at[argument].acquires - 1
               : -1;
}

const char *knowledge_maker(struct knowledge *knowledge, const struct instr *call)
{
    struct own *own = own_function(knowledge, call->callee);
    if (!own || knowledge->depth >= DEEPEST)
        return NULL;
    know_result(knowledge, own);
    return own->summary.result == RESULT_FORWARD ? own->summary.forward : NULL;
}

bool knowledge_lends(struct knowledge *knowledge, const struct instr *call)
{
    int resource;
    return knowledge_result(knowledge, call, &resource) == RESULT_LENT;
}

static bool can_own(const struct parameter *parameter)
{
    static const char *const words[] = {"fd", "sock", "file", "socket", "descriptor", NULL};
    return parameter->type.stars > 0 || parameter->type.is_array ||
           (parameter->name && name_has_any(parameter->name, words));
}

const struct summary *knowledge_summary(struct knowledge *knowledge, const char *function)
{
    struct own *own = own_function(knowledge, function);
    if (!own)
        return NULL;
    know_result(knowledge, own);
    for (int i = 0; i < own->summary.parameters.count; i++)
        if (can_own(&own->ir->function->parameters.at[i]))
            know_parameter(knowledge, own, i);
    return &own->summary;
}

void knowledge_free(struct knowledge *knowledge)
{
    EACH (ir, &knowledge->irs)
        ir_free(ir);
    map_free(&knowledge->by_name);
    map_free(&knowledge->owns);
    map_free(&knowledge->releases);
    map_free(&knowledge->passed);
    map_free(&knowledge->made);
}
