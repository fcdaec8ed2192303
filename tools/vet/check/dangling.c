/* What is released and left in a place that outlives the function: a field, a static variable, `*parameter`. The next
 * call, or the owner's own release, finds it again. */
#include "check.h"
#include "harness.h"
#include "ir.h"
#include "knowledge.h"
#include "names.h"

#include <string.h>

/* The last part of a place: "->name" of p->a->name. */
static const char *last_part(const char *text)
{
    const char *dot = strrchr(text, '.'), *arrow = strrchr(text, '>');
    const char *last = dot > arrow ? dot : arrow;
    return last ? last + 1 : text;
}

static bool is_static_local(const struct ir *ir, int place)
{
    const struct place *at = &ir->places.at[place];
    return at->kind == P_GLOBAL && at->decl && at->decl->type.is_static;
}

static bool outlives(const struct ir *ir, int place)
{
    const struct place *at = &ir->places.at[place];
    if (strchr(at->text, '[') || at->kind == P_VALUE)
        return false;
    /* What a function that fails leaves in `*parameter` is not looked at, by convention. */
    if (at->kind == P_PART && at->through)
        return ir->places.at[at->root].kind == P_PARAMETER && strchr(at->text, '*') == NULL;
    return is_static_local(ir, place);
}

/* Does the statement give the place another value, or can it? */
static bool renews(const struct ir *ir, const struct instr *instr, int place)
{
    if (instr->dst >= 0 && place_within(ir, place, instr->dst))
        return true;
    if (instr->kind != I_CALL)
        return false;
    for (int i = 0; i < instr->arg_count; i++) {
        const struct operand *argument = &instr->args[i];
        if (argument->place < 0 || (argument->kind == O_PLACE && argument->place == place))
            continue;
        /* the address of the place, or the object that it is in */
        if (place_within(ir, place, argument->place) ||
            (argument->kind == O_ADDRESS && place_within(ir, argument->place, place)))
            return true;
    }
    return false;
}

struct walk {
    const struct ir *ir;
    unsigned char *seen;
    int place;
};

/* The return that is reached while the place still has its old value; -1: none. */
static int left_at(struct walk *walk, int at)
{
    while (at >= 0 && !walk->seen[at]) {
        const struct instr *instr = &walk->ir->code.at[at];
        walk->seen[at] = 1;
        if (instr->kind == I_RETURN)
            return at;
        if (instr->kind == I_STOP || renews(walk->ir, instr, walk->place))
            return -1;
        if (instr->kind == I_BRANCH) {
            int found = left_at(walk, instr->other);
            if (found >= 0)
                return found;
        }
        at = instr->next;
    }
    return -1;
}

/* From here on, can the place get another value? Not in the next round of a loop, whose object is another one. */
static bool set_later(struct walk *walk, int at)
{
    for (int before = -1; at > before && !walk->seen[at];) {
        const struct instr *instr = &walk->ir->code.at[at];
        walk->seen[at] = 1;
        if (instr->dst == walk->place)
            return true;
        for (int i = 0; i < instr->arg_count; i++)
            if (instr->args[i].kind == O_ADDRESS && instr->args[i].place == walk->place)
                return true;
        if (instr->kind == I_BRANCH && instr->other > at && set_later(walk, instr->other))
            return true;
        before = at;
        at = instr->next;
    }
    return false;
}

/* if (master): whether the next call comes to the use, its caller decides. */
static bool asks_caller(const struct ir *ir, const struct instr *instr)
{
    return instr->kind == I_BRANCH && instr->left.place >= 0 &&
           ir->places.at[instr->left.place].kind == P_PARAMETER;
}

/* Does the function look at what its last call left, before it sets the place? */
static bool used_first(struct walk *walk, int at)
{
    while (at >= 0 && !walk->seen[at]) {
        const struct instr *instr = &walk->ir->code.at[at];
        walk->seen[at] = 1;
        if (instr_uses(instr, walk->place))
            return true;
        if (instr->dst == walk->place || asks_caller(walk->ir, instr))
            return false;
        if (instr->kind == I_BRANCH && used_first(walk, instr->other))
            return true;
        at = instr->next;
    }
    return false;
}

static bool releases_field(const struct ir *ir, const char *field)
{
    EACH (instr, &ir->code)
        if (instr->kind == I_CALL && instr->callee && instr->arg_count > 0 &&
            instr->args[0].place >= 0 && name_releases(instr->callee) == 2 &&
            ir->places.at[instr->args[0].place].kind == P_PART &&
            last_part(ir->places.at[instr->args[0].place].text) == field)
            return true;
    return false;
}

/* Does another function of the file, one that ends the object by its name, release the same field? */
static bool released_by_owner(const struct knowledge *knowledge, const struct ir *here,
                              const char *field)
{
    EACH (ir, &knowledge->irs)
        if (ir->function->name != here->function->name && name_releases(ir->function->name) == 2 &&
            releases_field(ir, field))
            return true;
    return false;
}

static bool is_found_again(const struct knowledge *knowledge, struct ir *ir, int release, int place)
{
    struct walk walk = {.ir = ir, .place = place};
    walk.seen = arena_take(ir->arena, (size_t)ir->code.count);
    if (is_static_local(ir, place))
        return used_first(&walk, 0);
    if (set_later(&walk, ir->code.at[release].next))
        return true;
    return released_by_owner(knowledge, ir, intern_string(last_part(ir->places.at[place].text)));
}

/* delete_entry(list, kind): a function with a known body that only uses what it gets, or that names what it deletes in it. */
static bool only_uses(struct knowledge *knowledge, const struct instr *call)
{
    if (call->arg_count > 1 && name_has(call->callee, "delete"))
        return true;
    return knowledge_knows(knowledge, call) &&
           knowledge_parameter(knowledge, call, 0).effect == EFFECT_NONE;
}

static bool releases(const struct ir *ir, const struct instr *call)
{
    if (call->kind != I_CALL || call->implicit || call->indirect || !call->callee ||
        call->arg_count < 1 || call->args[0].kind != O_PLACE || name_counts(call->callee) ||
        !name_frees(call->callee))
        return false;
    if (strcmp(call->callee, "close") == 0 && !is_static_local(ir, call->args[0].place))
        return false;
    const struct macro *macro = macros_find(&ir->unit->macros, call->callee);
    return macro ? !macros_reset(&ir->unit->macros, macro)
                 : !name_is_constant(call->callee) && !strstr(call->callee, "clear") &&
                       !strstr(call->callee, "safefree") && !strstr(call->callee, "and_null");
}

/* Functions that end an object leave its fields as they are. */
static bool ends_object(const char *function)
{
    static const char *const words[] = {"free",  "destroy", "exit",  "cleanup",  "term", "fini",
                                        "reset", "clear",   "close", "shutdown", "stop", NULL};
    return name_releases(function) == 2 || name_has_any(function, words) ||
           strstr(function, "free") || strstr(function, "destroy");
}

static bool is_tested(const struct ir *ir, int place)
{
    EACH (instr, &ir->code)
        if (instr->kind == I_BRANCH && (instr->left.place == place || instr->right.place == place))
            return true;
    return false;
}

void check_dangling(struct ir *ir, struct knowledge *knowledge, struct arena *arena,
                    finding_vec *findings)
{
    if (ends_object(ir->function->name) || is_of_test(ir))
        return;
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *call = &ir->code.at[i];
        if (!releases(ir, call) || !outlives(ir, call->args[0].place) || only_uses(knowledge, call))
            continue;
        struct walk walk = {.ir = ir, .place = call->args[0].place};
        if (call->dst >= 0 &&
            (call->dst == walk.place || ir->places.at[call->dst].kind == P_LOCAL ||
             is_tested(ir, call->dst)))
            continue; /* x = unref(x); or a release that can fail */
        walk.seen = arena_take(arena, (size_t)ir->code.count);
        int exit = left_at(&walk, call->next);
        if (exit < 0 || !is_found_again(knowledge, ir, i, walk.place))
            continue;
        struct finding *finding = finding_at(ir, arena, findings, "double-release", LEVEL_LIKELY,
                                             call);
        finding->message =
            arena_format(arena, "'%s' still points to what was released when the function is left",
                         place_text(ir, walk.place));
        finding_note(arena, finding, ir->code.at[exit].line, 1, "left here");
        finding->advice = arena_format(arena, "set %s to a null value after %s",
                                       place_text(ir, walk.place), call->callee);
    }
}
