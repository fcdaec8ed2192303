/* leak: a structure is freed, or left behind by a constructor that fails, while its members still hold something. */
#include "check.h"
#include "names.h"
#include "reach.h"
#include "site_parts.h"
#include "type.h"
#include "walk.h"

#include <string.h>

struct half {
    int object, member;
    bool element; /* the member is one of an array, and its index changes */
    int acquired;
};

static bool frees(const struct ir *ir, const struct instr *call, int place)
{
    return call->kind == I_CALL && !call->implicit && call->callee && call->arg_count == 1 &&
           call->args[0].kind == O_PLACE && call->args[0].place == place &&
           model_frees_memory(call->callee) && !function_of(ir, call->callee);
}

/* Does the call have to do with the object or its member, other than by looking at them? */
static bool concerns(const struct ir *ir, const struct instr *call, const struct half *half)
{
    if (call->callee && model_known_harmless(call->callee))
        return false;
    for (int i = 0; i < call->arg_count; i++) {
        int place = call->args[i].place;
        if (place < 0)
            continue;
        if (place == half->member && call->args[i].kind == O_PLACE && call->callee &&
            name_releases(call->callee) == 0 && !name_gives(call->callee) &&
            !(i > 0 && name_keeps(call->callee)))
            continue; /* it is only used */
        if (place_within(ir, place, half->member) || place_within(ir, half->member, place))
            return true;
        const struct place *one = &ir->places.at[place];
        if (one->kind == P_PART && one->parent == half->object && call->args[i].kind == O_PLACE)
            continue; /* another member */
        if (place_within(ir, place, half->object))
            return true;
    }
    return false;
}

/* Is the member, or the object, copied or given another value? */
static bool moves(const struct ir *ir, const struct instr *instr, const struct half *half)
{
    if (instr->kind == I_ASSIGN && instr->left.place >= 0 &&
        (instr->left.place == half->object || place_within(ir, instr->left.place, half->member)))
        return true;
    return instr->dst >= 0 && place_within(ir, half->member, instr->dst) &&
           !(half->element && instr->dst == half->member);
}

/* Is the call one that releases an element of the same array? */
static bool releases_element(const struct ir *ir, const struct instr *call, const struct half *half)
{
    for (int i = 0; call->kind == I_CALL && i < call->arg_count; i++) {
        int place = call->args[i].place;
        if (place >= 0 && ir->places.at[place].kind == P_PART && call->callee &&
            ir->places.at[place].parent == half->object && strchr(ir->places.at[place].text, '[') &&
            name_releases(call->callee) > 0)
            return true;
    }
    return false;
}

/* A statement of a loop that releases the elements, and does not acquire them: the loop releases them all. */
static bool unwinds(const struct ir *ir, int index, const struct half *half)
{
    for (int i = 0; i < ir->code.count; i++)
        if (releases_element(ir, at(ir, i), half) &&
            (i == index || (reaches(ir, i, index) && reaches(ir, index, i) &&
                            !(reaches(ir, half->acquired, i) && reaches(ir, i, half->acquired)))))
            return true;
    return false;
}

static enum reach find_free(const struct ir *ir, int index, void *data)
{
    const struct half *half = data;
    const struct instr *instr = at(ir, index);
    if (frees(ir, instr, half->object))
        return REACH_FOUND;
    if (half->element && unwinds(ir, index, half))
        return REACH_STOP;
    if (moves(ir, instr, half) || (instr->kind == I_CALL && concerns(ir, instr, half)))
        return REACH_STOP;
    return REACH_ON;
}

/* Something of its own, made by a function that is known. */
static bool acquires(const struct instr *call)
{
    const struct acquirer *acquirer = call->kind == I_CALL && call->callee && !call->implicit
                                          ? model_acquirer(call->callee)
                                          : NULL;
    return acquirer && acquirer->argument < 0;
}

/* Does the function release this member on the way to the statement? */
static bool released_before(const struct ir *ir, const struct half *half, int end)
{
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *call = at(ir, i);
        for (int k = 0; call->kind == I_CALL && k < call->arg_count; k++) {
            int place = call->args[k].place;
            if (place == half->member && call->callee && name_releases(call->callee) > 0 &&
                reaches(ir, i, end))
                return true;
        }
    }
    return false;
}

/* The local pointer that the member is a part of: p of p->name and list[i]; -1: it is no such member. */
static int object_of(const struct ir *ir, int member)
{
    const struct place *place = &ir->places.at[member];
    int object = place->kind == P_PART ? place->parent : -1;
    if (object < 0 || place->text[0] == '*')
        return -1;
    const struct place *owner = &ir->places.at[object];
    bool pointer = owner->kind == P_LOCAL && owner->decl && owner->decl->type.stars > 0 &&
                   !owner->decl->type.is_array && !owner->decl->type.is_static &&
                   !owner->decl->attribute;
    return pointer ? object : -1;
}

/* Is the object one that this function has made? */
static bool made_here(const struct ir *ir, int object)
{
    int made = 0;
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *instr = at(ir, i);
        if (instr->kind == I_DECLARE || instr->dst < 0)
            continue;
        if (acquires(instr) && place_variable(ir, i, instr->dst) == object) {
            const char *callee = instr->callee;
            if (strstr(callee, "realloc"))
                return false;
            made++;
        } else if (instr->dst == object &&
                   !(instr->kind == I_ASSIGN &&
                     (instr->left.kind == O_NUMBER ||
                      (instr->left.kind == O_PLACE &&
                       ir->places.at[instr->left.place].kind == P_TEMPORARY)))) {
            return false;
        }
    }
    return made == 1;
}

static void report_freed(struct ir *ir, struct arena *arena, finding_vec *findings, int index,
                         int end, const struct half *half)
{
    const struct instr *call = at(ir, end);
    const char *member = place_text(ir, half->member), *object = place_text(ir, half->object);
    struct finding *finding = finding_at(ir, arena, findings, "leak", LEVEL_SURE, call);
    finding->about = member;
    finding->message =
        half->element
            ? arena_format(arena, "'%s' is freed, and what its elements hold is lost", object)
            : arena_format(arena, "'%s' is freed, and what '%s' holds is lost", object, member);
    finding_note(arena, finding, at(ir, index)->line, at(ir, index)->column, "acquired here");
    finding->advice = arena_format(arena, "release '%s' before '%s'", member, object);
}

static bool reported(const struct ir *ir, const finding_vec *findings, int line)
{
    EACH (finding, findings)
        if (finding->line == line && finding->function == ir->function->name &&
            strcmp(finding->check, "leak") == 0)
            return true;
    return false;
}

/* if (object == NULL) free(object); frees nothing. */
static bool frees_null(const struct ir *ir, const struct half *half, int end)
{
    EACH (branch, &ir->code) {
        if (branch->kind != I_BRANCH || branch->left.place != half->object ||
            branch->right.kind != O_NUMBER || branch->right.number != 0)
            continue;
        int next = branch->sign == S2('=', '=')   ? branch->next
                   : branch->sign == S2('!', '=') ? branch->other
                                                  : -1;
        for (int steps = 0; next >= 0 && steps < 6 && at(ir, next)->kind != I_BRANCH; steps++) {
            if (next == end)
                return true;
            next = at(ir, next)->next;
        }
    }
    return false;
}

static void check_freed(struct ir *ir, struct arena *arena, finding_vec *findings, int index)
{
    const struct instr *call = at(ir, index);
    struct half half = {.member = place_variable(ir, index, call->dst)};
    half.object = half.member >= 0 ? object_of(ir, half.member) : -1;
    if (half.object < 0 || !made_here(ir, half.object))
        return;
    half.acquired = index;
    half.element = ir->places.at[half.member].index >= 0;
    int from = after_setting(ir, index, half.member);
    int end = half.element
                  ? reach_nonzero(ir, from, place_counter(ir, half.member), find_free, &half)
                  : reach_set(ir, from, half.member, find_free, &half);
    if (half.element && !reaches(ir, index, index))
        return;
    if (end < 0 || frees_null(ir, &half, end) ||
        (!half.element && released_before(ir, &half, end)) ||
        reported(ir, findings, at(ir, end)->line))
        return;
    report_freed(ir, arena, findings, index, end, &half);
}

/* ---- what a parameter's structure gets, when the function fails ------------------------------------- */

static bool releases_member(const struct instr *call, int member)
{
    return call->kind == I_CALL && !call->implicit && call->callee && call->arg_count >= 1 &&
           call->args[0].kind == O_PLACE && call->args[0].place == member &&
           name_releases(call->callee) == 2;
}

/* Or a text that says what went wrong. */
static bool returns_error(const struct ir *ir)
{
    const struct type *type = &ir->function->type;
    return type_gives_error(type) || type_points_to(type, "char");
}

static bool is_failure(const struct ir *ir, const struct instr *instr)
{
    if (instr->kind != I_RETURN)
        return false;
    if (instr->left.kind == O_NUMBER)
        return instr->left.number < 0 ||
               (instr->left.number == 0 && ir->function->type.stars > 0 && !returns_error(ir));
    if (instr->left.kind == O_SYMBOL)
        return name_means(instr->left.text) < 0;
    return instr->left.kind == O_PLACE && ir->places.at[instr->left.place].kind == P_VALUE &&
           strncmp(ir->places.at[instr->left.place].text, "-(", 2) == 0;
}

/* After the release: straight to a failure, and the member is not set to a null value on the way? */
static bool releases_and_fails(const struct ir *ir, int index, int member)
{
    int next = at(ir, index)->next;
    for (int steps = 0; next >= 0 && steps < 30; steps++) {
        const struct instr *instr = at(ir, next);
        if (instr->kind == I_RETURN)
            return is_failure(ir, instr);
        if (instr->kind == I_BRANCH || instr->kind == I_STOP || instr->dst == member)
            return false;
        next = instr->next;
    }
    return false;
}

static enum reach find_failure(const struct ir *ir, int index, void *data)
{
    const struct half *half = data;
    const struct instr *instr = at(ir, index);
    if (is_failure(ir, instr))
        return REACH_FOUND;
    if (moves(ir, instr, half) || (instr->kind == I_CALL && concerns(ir, instr, half)))
        return REACH_STOP;
    return REACH_ON;
}

/* c of c->fd and of c.fd, if it is a parameter */
static int parameter_of(const struct ir *ir, int member)
{
    const struct place *place = &ir->places.at[member];
    if (place->kind != P_PART || !place->through || place->index >= 0 || place->text[0] == '*' ||
        strchr(place->text, '['))
        return -1;
    return ir->places.at[place->root].kind == P_PARAMETER && place->parent == place->root
               ? place->root
               : -1;
}

/* *out, a plain out-parameter: whoever called a function that fails does not look at it. */
static bool is_out_parameter(const struct ir *ir, int member)
{
    const struct place *place = &ir->places.at[member];
    return place->kind == P_PART && place->text[0] == '*' && place->text[1] != '*' &&
           place->parent == place->root && ir->places.at[place->root].kind == P_PARAMETER;
}

static int release_on_failure(const struct ir *ir, int from, int member)
{
    for (int i = 0; i < ir->code.count; i++)
        if (releases_member(at(ir, i), member) && reaches(ir, from, i) &&
            releases_and_fails(ir, i, member))
            return i;
    return -1;
}

/* The resource in `member` that `call` has acquired, and that is not released at `exit`. */
static struct finding *add_leak(struct ir *ir, struct arena *arena, finding_vec *findings,
                                const struct instr *call, int member, int exit)
{
    struct finding *finding = finding_at(ir, arena, findings, "leak", LEVEL_LIKELY, at(ir, exit));
    finding->about = place_text(ir, member);
    finding_note(arena, finding, call->line, call->column, "acquired here");
    return finding;
}

static void check_out(struct ir *ir, struct arena *arena, finding_vec *findings, int index)
{
    const struct instr *call = at(ir, index);
    struct half half = {.member = place_variable(ir, index, call->dst)};
    const struct acquirer *acquirer = model_acquirer(call->callee);
    if (half.member < 0 || !is_out_parameter(ir, half.member) || acquirer->resource == R_MEMORY ||
        library_release(call->callee))
        return; /* a text may say why the function fails */
    half.object = ir->places.at[half.member].root;
    int exit = reach_set(ir, after_setting(ir, index, half.member), half.member, find_failure,
                         &half);
    if (exit < 0)
        return;
    struct finding *finding = add_leak(ir, arena, findings, call, half.member, exit);
    finding->message = arena_format(
        arena, "'%s' is not released when the function fails here: its caller does not look at it",
        finding->about);
    finding->advice = arena_format(arena, "release '%s' before this exit", finding->about);
}

static void check_parameter(struct ir *ir, struct arena *arena, finding_vec *findings, int index)
{
    const struct instr *call = at(ir, index);
    struct half half = {.member = place_variable(ir, index, call->dst)};
    half.object = half.member >= 0 ? parameter_of(ir, half.member) : -1;
    if (half.object < 0)
        return;
    int release = release_on_failure(ir, index, half.member);
    if (release < 0)
        return;
    int exit = reach_set(ir, after_setting(ir, index, half.member), half.member, find_failure,
                         &half);
    if (exit < 0)
        return;
    struct finding *finding = add_leak(ir, arena, findings, call, half.member, exit);
    finding->message = arena_format(
        arena, "'%s' is not released when the function fails here, but it is on another failure",
        finding->about);
    finding_note(arena, finding, at(ir, release)->line, at(ir, release)->column,
                 "released here when something else fails");
    finding->advice = arena_format(arena, "release '%s' here too", finding->about);
}

void check_members(struct ir *ir, struct arena *arena, finding_vec *findings)
{
    for (int i = 0; i < ir->code.count; i++) {
        if (!acquires(at(ir, i)) || at(ir, i)->dst < 0)
            continue;
        check_freed(ir, arena, findings, i);
        check_parameter(ir, arena, findings, i);
        check_out(ir, arena, findings, i);
    }
}
