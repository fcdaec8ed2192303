#include "knowledge.h"

#include "config.h"
#include "declared.h"
#include "names.h"

#include <stdio.h>

#define DEEPEST 5
#define LARGEST 4000 /* statements of a function that is summarised */

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

static void learn_from(struct knowledge *knowledge, const struct ir *ir)
{
    struct seen_pairs seen = {.count = 0};
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *instr = &ir->code.at[i];
        if (instr->kind != I_CALL || instr->implicit || !instr->callee || instr->arg_count == 0 ||
            instr->args[0].kind != O_PLACE || name_releases(instr->callee) < 2 ||
            instr->arg_count > 2)
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

bool knowledge_innocent(const struct knowledge *knowledge, const char *function)
{
    const struct passed *passed = map_get(&knowledge->passed, function);
    return passed && passed->released >= 3 && passed->released >= 10 * passed->kept;
}

const char *knowledge_release_by_name(const struct knowledge *knowledge, const char *acquire)
{
    EACH (release, &knowledge->used_releases)
        if (names_share_stem(acquire, *release))
            return *release;
    return NULL;
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
    if (!list)
        return false;
    EACH (known, &list->releases) {
        if (known->release == release)
            this = known;
        else if (known->partial == 0 && known->functions > most)
            most = known->functions;
    }
    return this && this->partial > 0 && this->partial >= this->functions - 1 && most >= 3;
}

void knowledge_gather(struct knowledge *knowledge, struct unit *unit)
{
    *knowledge = (struct knowledge){.unit = unit};
    for (int i = 0; i < unit->functions.count; i++)
        lower(unit, &unit->functions.at[i], &unit->arena, ADD(&unit->arena, &knowledge->irs));
    EACH (ir, &knowledge->irs) {
        map_set(&knowledge->by_name, ir->function->name, ir);
        learn_from(knowledge, ir);
        learn_passes(knowledge, ir);
    }
}

const char *knowledge_release(const struct knowledge *knowledge, const char *acquire)
{
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
    if (!best || best->functions < (name_constructs(acquire) ? 2 : 3))
        return NULL;
    /* A getter lends, unless what it returns is counted. */
    bool lends = name_gets(acquire) && !name_constructs(acquire);
    if (lends && map_get(&knowledge->by_name, acquire))
        return NULL; /* of this file: what it returns is not what a constructor made */
    return lends && !name_counts(best->release) ? NULL : best->release;
}

static int parameter_place(const struct ir *ir, int argument)
{
    int seen = 0;
    for (int place = 0; place < ir->places.count; place++)
        if (ir->places.at[place].kind == P_PARAMETER && seen++ == argument)
            return place;
    return -1;
}

static enum effect effect_of(const struct simulation *simulation)
{
    bool released = false, kept = false, left = false, passed = false;
    if (simulation->gave_up)
        return EFFECT_UNKNOWN;
    EACH (event, &simulation->events) {
        released |= event->kind == EV_RELEASE;
        kept |= event->kind == EV_ESCAPE;
        left |= event->kind == EV_EXIT;
        passed |= event->state->pass_count > 0;
    }
    if (kept)
        return released ? EFFECT_MAYBE : EFFECT_KEEPS;
    if (released)
        return left ? EFFECT_MAYBE : EFFECT_RELEASES;
    return passed ? EFFECT_UNKNOWN : EFFECT_NONE;
}

static enum effect summarise(struct knowledge *knowledge, struct ir *ir, int argument)
{
    int place = parameter_place(ir, argument);
    if (place < 0 || ir->code.count > LARGEST)
        return EFFECT_UNKNOWN;
    struct arena arena = {0};
    struct site site = {.place = place, .resource = R_OBJECT, .has_release = true};
    struct simulation simulation = {
        .ir = ir, .arena = &arena, .site = &site, .parameter = place, .knowledge = knowledge};
    knowledge->depth++;
    simulate(&simulation);
    knowledge->depth--;
    enum effect effect = effect_of(&simulation);
    arena_free(&arena);
    return effect;
}

enum effect knowledge_effect(struct knowledge *knowledge, const char *function, int argument)
{
    struct ir *ir = map_get(&knowledge->by_name, function);
    if (!ir || knowledge->depth >= DEEPEST)
        return EFFECT_UNKNOWN;
    char text[300];
    snprintf(text, sizeof text, "%.250s\n%d", function, argument);
    const char *key = intern_string(text);
    intptr_t known = (intptr_t)map_get(&knowledge->effects, key);
    if (known)
        return (enum effect)(known - 1);
    map_set(&knowledge->effects, key,
            (void *)(intptr_t)(EFFECT_UNKNOWN + 1)); /* against recursion */
    enum effect effect = summarise(knowledge, ir, argument);
    map_set(&knowledge->effects, key, (void *)(intptr_t)(effect + 1));
    return effect;
}

bool knowledge_leaves_alone(const struct knowledge *knowledge, const char *function, int argument)
{
    const struct ir *ir = map_get(&knowledge->by_name, function);
    int parameter = ir ? parameter_place(ir, argument) : -1;
    if (parameter < 0)
        return false;
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

bool knowledge_unlocks(const struct knowledge *knowledge, const char *function)
{
    const struct ir *ir = map_get(&knowledge->by_name, function);
    if (!ir)
        return false;
    EACH (instr, &ir->code)
        if (instr->kind == I_CALL && instr->callee && name_unlocks(instr->callee) &&
            !locks_same(ir, instr))
            return true;
    return false;
}

static bool outlives(const struct ir *ir, int place)
{
    const struct place *at = &ir->places.at[place];
    return at->kind == P_GLOBAL ||
           (at->kind == P_PART && (at->through || ir->places.at[at->root].kind == P_GLOBAL));
}

bool knowledge_lends(const struct knowledge *knowledge, const char *function)
{
    const struct ir *ir = map_get(&knowledge->by_name, function);
    if (!ir)
        return false;
    EACH (instr, &ir->code)
        if (instr->kind == I_RETURN && instr->left.kind == O_PLACE &&
            outlives(ir, instr->left.place))
            return true;
    return false;
}

bool knowledge_never_returns(const struct knowledge *knowledge, const char *function)
{
    const struct ir *ir = map_get(&knowledge->by_name, function);
    if (!ir || ir->code.count == 0)
        return false;
    EACH (instr, &ir->code)
        if (instr->kind == I_RETURN)
            return false;
    return true;
}

void knowledge_free(struct knowledge *knowledge)
{
    EACH (ir, &knowledge->irs)
        ir_free(ir);
    map_free(&knowledge->by_name);
    map_free(&knowledge->effects);
    map_free(&knowledge->releases);
    map_free(&knowledge->passed);
}
