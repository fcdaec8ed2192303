#include "knowledge.h"

#include "config.h"
#include "declared.h"
#include "made.h"
#include "names.h"
#include "once.h"
#include "project.h"
#include "summarise.h"

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

struct learned {
    const char *release;
    int functions;
    int partial; /* of them it is followed by another release of the same */
};

/* A function that local variables are passed to: how often are they released afterwards? */
struct passed {
    int released, kept;
};

struct learned_list {
    VEC(struct learned) releases;
};

static struct learned *learn(struct knowledge *knowledge, const char *acquire, const char *release)
{
    struct learned_list *list = map_get(&knowledge->releases, acquire);
    if (!list) {
        list = NEW(&knowledge->unit->arena, struct learned_list);
        map_set(&knowledge->releases, acquire, list);
    }
    EACH (known, &list->releases)
        if (known->release == release) {
            known->functions++;
            return known;
        }
    struct learned *learned = ADD(&knowledge->unit->arena, &list->releases);
    *learned = (struct learned){release, 1, 0};
    return learned;
}

static bool releases_place(const struct instr *instr, int place)
{
    return instr->kind == I_CALL && !instr->implicit && instr->callee && instr->arg_count > 0 &&
           instr->args[0].place == place && name_releases(instr->callee) == 2;
}

/* Is another function the last of this function to release the place, before it gets another value? */
static bool released_further(const struct ir *ir, int at, int place)
{
    const char *first = ir->code.at[at].callee, *last = first;
    for (int i = at + 1; i < ir->code.count; i++) {
        if (releases_place(&ir->code.at[i], place))
            last = ir->code.at[i].callee;
        if (ir->code.at[i].kind == I_CALL && ir->code.at[i].dst == place)
            break;
    }
    return last != first;
}

/* Which call's result is released by `release`, the statement at `at`? The last assignment before it in the text. */
static const char *acquirer_of(const struct ir *ir, int at, int place)
{
    for (int i = at - 1; i >= 0; i--) {
        const struct instr *instr = &ir->code.at[i];
        if (instr->kind == I_CALL && instr->dst == place)
            return instr->callee;
        if (instr->kind == I_ASSIGN && instr->dst == place && instr->left.kind != O_NUMBER)
            return NULL;
    }
    return NULL;
}

struct seen_pairs {
    struct declared_pair at[64];
    int count;
};

static bool seen_before(struct seen_pairs *seen, const char *acquire, const char *release)
{
    for (int i = 0; i < seen->count; i++)
        if (seen->at[i].name == acquire && seen->at[i].function == release)
            return true;
    if (seen->count < 64)
        seen->at[seen->count++] = (struct declared_pair){acquire, release};
    return false;
}

/* attribute_put(message, value) puts something into its first argument. */
static bool puts_into(const struct instr *call)
{
    static const char *const stores[] = {"put", "finalize", NULL};
    return call->arg_count > 1 && name_has_any(call->callee, stores) &&
           !name_only_releases(call->callee);
}

static void learn_from(struct knowledge *knowledge, const struct ir *ir)
{
    struct seen_pairs seen = {.count = 0};
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *instr = &ir->code.at[i];
        if (instr->kind != I_CALL || instr->implicit || !instr->callee || instr->arg_count == 0 ||
            instr->args[0].kind != O_PLACE || name_releases(instr->callee) < 2 ||
            instr->arg_count > 2 || puts_into(instr))
            continue;
        const char *acquire = acquirer_of(ir, i, instr->args[0].place);
        if (!acquire || seen_before(&seen, acquire, instr->callee))
            continue;
        struct learned *learned = learn(knowledge, acquire, instr->callee);
        learned->partial += released_further(ir, i, instr->args[0].place);
    }
}

static bool released_after(const struct ir *ir, int at, int place)
{
    for (int i = at + 1; i < ir->code.count; i++) {
        if (releases_place(&ir->code.at[i], place))
            return true;
        if (ir->code.at[i].kind == I_CALL && ir->code.at[i].dst == place)
            return false;
    }
    return false;
}

static void note_passed(struct knowledge *knowledge, const char *callee, bool released)
{
    struct passed *passed = map_get(&knowledge->passed, callee);
    if (!passed) {
        passed = NEW(&knowledge->unit->arena, struct passed);
        map_set(&knowledge->passed, callee, passed);
    }
    passed->released += released;
    passed->kept += !released;
}

static bool is_owner(const struct ir *ir, const struct operand *argument)
{
    if (argument->kind != O_PLACE || ir->places.at[argument->place].kind != P_LOCAL)
        return false;
    const struct decl *decl = ir->places.at[argument->place].decl;
    return decl && decl->type.stars == 1 && !decl->type.is_const && !decl->attribute;
}

static void learn_passes(struct knowledge *knowledge, const struct ir *ir)
{
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *instr = &ir->code.at[i];
        if (instr->kind != I_CALL || instr->implicit || !instr->callee)
            continue;
        if (name_releases(instr->callee) == 2) {
            *ADD(&knowledge->unit->arena, &knowledge->used_releases) = instr->callee;
            continue;
        }
        for (int k = 0; k < instr->arg_count; k++)
            if (is_owner(ir, &instr->args[k]))
                note_passed(knowledge, instr->callee, released_after(ir, i, instr->args[k].place));
    }
}

/* A folder may hold many small programs that define functions of the same name. What belongs to the same program is declared
 * by a header. */
static bool is_declared(const struct knowledge *knowledge, const char *name)
{
    const struct prototype *prototype = prototype_of(knowledge->unit, name);
    return prototype ? prototype->header != NULL : knowledge->unit->missing_headers > 0;
}

/* Summaries are made of one file alone. */
static bool sees_others(const struct knowledge *knowledge, const char *name)
{
    return knowledge->scope && knowledge->depth == 0 && name &&
           !macros_find(&knowledge->unit->macros, name);
}

/* … by most functions of the other files? */
static bool innocent_elsewhere(const struct knowledge *knowledge, const char *function)
{
    if (!knowledge->scope)
        return false;
    struct pass_use pass = scope_passes(knowledge->scope, function);
    return pass.released >= 5 && pass.released >= 10 * pass.kept;
}

bool knowledge_innocent(const struct knowledge *knowledge, const char *function)
{
    const struct passed *passed = map_get(&knowledge->passed, function);
    /* The call that is judged is one of those that keep it. */
    return (passed && passed->released >= 3 && passed->released >= 10 * (passed->kept - 1)) ||
           innocent_elsewhere(knowledge, function);
}

const char *knowledge_release_by_name(const struct knowledge *knowledge, const char *acquire)
{
    EACH (release, &knowledge->used_releases)
        if (names_share_stem(acquire, *release))
            return *release;
    return NULL;
}

bool knowledge_annotated(const struct knowledge *knowledge, const char *acquire)
{
    return config_release_of(acquire) || map_get(&knowledge->unit->deallocators, acquire);
}

int knowledge_releases_of(const struct knowledge *knowledge, const char *acquire,
                          const char *release)
{
    const struct learned_list *list = map_get(&knowledge->releases, acquire);
    if (list)
        EACH (known, &list->releases)
            if (known->release == release)
                return known->functions;
    return 0;
}

bool knowledge_uses_release(const struct knowledge *knowledge, const char *release)
{
    EACH (used, &knowledge->used_releases)
        if (*used == release)
            return true;
    return false;
}

bool knowledge_empties(const struct knowledge *knowledge, const char *acquire, const char *release)
{
    const struct learned_list *list = map_get(&knowledge->releases, acquire);
    const struct learned *this = NULL;
    int most = 0;
    if (!list || (name_is_constant(release) && name_only_frees(release)))
        return false; /* DESTROY_IF(p) is destroy(p) */
    EACH (known, &list->releases) {
        if (known->release == release)
            this = known;
        else if (known->partial == 0 && known->functions > most)
            most = known->functions;
    }
    return this && this->partial > 0 && this->partial >= this->functions - 1 && most >= 3;
}

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

void knowledge_gather(struct knowledge *knowledge, struct unit *unit, struct scope *scope)
{
    *knowledge = (struct knowledge){.unit = unit, .scope = scope};
    for (int i = 0; i < unit->functions.count; i++)
        lower(unit, &unit->functions.at[i], &unit->arena, ADD(&unit->arena, &knowledge->irs));
    EACH (ir, &knowledge->irs) {
        add_own(knowledge, ir);
        learn_from(knowledge, ir);
        learn_passes(knowledge, ir);
        made_learn(&knowledge->made, &unit->arena, ir);
    }
}

/* What most functions of other files do. A function that is known must be seen to give what it returns away. */
static const char *release_elsewhere(const struct knowledge *knowledge, const char *acquire)
{
    int functions = 0, resource = 0;
    const char *release = scope_release(knowledge->scope, acquire, &functions);
    const struct summary *known = release ? scope_function(knowledge->scope, acquire) : NULL;
    bool owned = !known || scope_result(knowledge->scope, known, &resource) == RESULT_OWNED;
    return owned ? release : NULL;
}

/* wrunlock, mutex_unlock: of a lock in the object; node_unlock may give a reference up. */
static bool is_thread_lock(const char *unlock)
{
    return name_unlocks(unlock) && (strstr(unlock, "wrunlock") || strstr(unlock, "rdunlock") ||
                                    strstr(unlock, "mutex") || strstr(unlock, "spin"));
}

/* syscall(SYS_pidfd_open, …) and syscall(SYS_close, …): what they return, the number says. */
static bool means_many_things(const char *name)
{
    static const char *const names[] = {"syscall", "ioctl", "fcntl", "prctl", NULL};
    return word_in(name, names);
}

const char *knowledge_release(const struct knowledge *knowledge, const char *acquire)
{
    if (means_many_things(acquire))
        return NULL;
    const char *given = config_release_of(acquire);
    if (given)
        return given;
    const char *attribute = map_get(&knowledge->unit->deallocators, acquire);
    if (attribute)
        return attribute;
    const struct learned_list *list = map_get(&knowledge->releases, acquire);
    const struct learned *best = NULL;
    if (list)
        /* NOLINTNEXTLINE(clang-analyzer-core.NullPointerArithm): there are some, or none and 0 is added */
        EACH (known, &list->releases)
            if (!best || known->functions > best->functions)
                best = known;
    int uses = best ? best->functions : 0;
    const char *release = best && uses >= (name_constructs(acquire) ? 2 : 3) ? best->release : NULL;
    if (!release && sees_others(knowledge, acquire))
        release = release_elsewhere(knowledge, acquire);
    if (!release || (is_thread_lock(release) && !strstr(acquire, "lock")))
        return NULL;
    /* A getter lends, unless what it returns is counted. */
    bool lends = name_gets(acquire) && !name_constructs(acquire);
    if (lends && map_get(&knowledge->by_name, acquire))
        return NULL; /* of this file: what it returns is not what a constructor made */
    return lends && !name_counts(release) ? NULL : release;
}

static struct made_use made_by(const struct knowledge *knowledge, const char *acquire)
{
    if (knowledge->scope) {
        struct made_use all = scope_made(knowledge->scope, acquire);
        if (all.released + all.dropped > 0)
            return all;
    }
    const struct made_use *own = map_get(&knowledge->made, acquire);
    return own ? *own : (struct made_use){0};
}

bool knowledge_nobody_releases(const struct knowledge *knowledge, const char *acquire)
{
    return made_is_lent(made_by(knowledge, acquire));
}

bool knowledge_few_release(const struct knowledge *knowledge, const char *acquire)
{
    return made_is_doubtful(made_by(knowledge, acquire));
}

static int lock_of(const struct instr *call)
{
    for (int i = 0; i < call->arg_count; i++)
        if (call->args[i].place >= 0)
            return call->args[i].place;
    return -1;
}

static bool locks_same(const struct ir *ir, const struct instr *unlock)
{
    EACH (instr, &ir->code)
        if (instr->kind == I_CALL && instr->callee && name_locks(instr->callee) &&
            lock_of(instr) == lock_of(unlock))
            return true;
    return false;
}

static bool unlocks(const struct ir *ir)
{
    EACH (instr, &ir->code)
        if (instr->kind == I_CALL && instr->callee && name_unlocks(instr->callee) &&
            !locks_same(ir, instr))
            return true;
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
        own->summary.unlocks = unlocks(own->ir);
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
    return sees_others(knowledge, call->callee) && !call->indirect &&
                   !ask_once(is_standard, call->callee) && is_declared(knowledge, call->callee)
               ? scope_function(knowledge->scope, call->callee)
               : NULL;
}

static void know_parameter(struct knowledge *knowledge, struct own *own, int argument)
{
    if (own->parameters & 1u << argument)
        return;
    own->parameters |= 1u << argument; /* against recursion: unknown for now */
    struct parameter_summary *parameter = &own->summary.parameters.at[argument];
    summarise_parameter(knowledge, own->ir, argument, parameter);
}

static void know_result(struct knowledge *knowledge, struct own *own)
{
    if (own->result)
        return;
    own->result = true;
    summarise_result(knowledge, own->ir, &own->summary);
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
    return sees_others(knowledge, call->callee) ? scope_parameter(knowledge->scope, parameter)
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
    return sees_others(knowledge, summary->forward)
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

void knowledge_uses(struct knowledge *knowledge, struct arena *arena, struct file_summary *file)
{
    for (size_t i = 0; i < knowledge->releases.room; i++) {
        const struct learned_list *list = knowledge->releases.entries[i].value;
        if (list)
            EACH (learned, &list->releases)
                *ADD(arena, &file->pairs) = (struct pair_use){knowledge->releases.entries[i].key,
                                                              learned->release, learned->functions};
    }
    for (size_t i = 0; i < knowledge->passed.room; i++) {
        const struct passed *passed = knowledge->passed.entries[i].value;
        if (passed)
            *ADD(arena, &file->passes) = (struct pass_use){knowledge->passed.entries[i].key,
                                                           passed->released, passed->kept};
    }
    for (size_t i = 0; i < knowledge->made.room; i++) {
        const struct made_use *made = knowledge->made.entries[i].value;
        if (made)
            *ADD(arena, &file->made) = *made;
    }
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
