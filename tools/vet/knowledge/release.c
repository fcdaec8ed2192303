/* Which function releases what another one makes, as most functions of this file, or of others, do. */
#include "config.h"
#include "declared.h"
#include "knowledge.h"
#include "made.h"
#include "names.h"
#include "project.h"

#include <string.h>

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

void knowledge_learn_releases(struct knowledge *knowledge, const struct ir *ir)
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

void knowledge_learn_passes(struct knowledge *knowledge, const struct ir *ir)
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
bool knowledge_declares(const struct knowledge *knowledge, const char *name)
{
    const struct prototype *prototype = prototype_of(knowledge->unit, name);
    return prototype ? prototype->header != NULL : knowledge->unit->missing_headers > 0;
}

/* Summaries are made of one file alone. */
bool knowledge_sees_others(const struct knowledge *knowledge, const char *name)
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
    if (!release && knowledge_sees_others(knowledge, acquire))
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
