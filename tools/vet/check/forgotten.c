/* leak: a function of the file makes what a member holds, and the function that frees the structure forgets the member.
 *
 * Only where the whole file can be asked: nothing else in it releases the member, copies it or gives it another value. */
#include "check.h"
#include "harness.h"
#include "knowledge.h"
#include "names.h"
#include "prototype.h"
#include "site_parts.h"
#include "type.h"
#include "walk.h"

#include <string.h>

struct owner {
    struct ir *destructor;
    struct knowledge *knowledge;
    int object, end;   /* the parameter that is freed, and the call that frees it */
    bool members_only; /* only its members are freed */
};

/* The field of p->field or p->part.field; NULL: the place is something else. */
static const char *field_of(const struct ir *ir, int place)
{
    const struct place *at = &ir->places.at[place];
    if (at->kind != P_PART || at->text[0] == '*' || strchr(at->text, '['))
        return NULL;
    const char *root = ir->places.at[at->root].text;
    size_t length = strlen(root);
    if (strncmp(at->text, root, length) != 0 || strncmp(at->text + length, "->", 2) != 0)
        return NULL;
    return at->text + length + 2;
}

/* The field at the end of a->b->field, &a->field and (T *)a->field. */
static bool ends_in(const struct ir *ir, int place, const char *field)
{
    const char *text = place >= 0 ? ir->places.at[place].text : NULL;
    size_t length = strlen(field), all = text ? strlen(text) : 0;
    return all > length + 1 && strcmp(text + all - length, field) == 0 &&
           (text[all - length - 1] == '>' || text[all - length - 1] == '.');
}

static bool mentions(const struct ir *ir, const struct function *function, const char *word)
{
    EACH (token, &ir->unit->lexed.tokens)
        if (token->line >= function->line && token->line <= function->end_line &&
            token_is(token, word))
            return true;
    return false;
}

/* ---- the destructor --------------------------------------------------------------------------------- */

/* free(p), FREE_STRUCT(p): no function of the file, which could release the members first. */
static bool frees(const struct ir *ir, const struct instr *call, int place)
{
    static const char *const words[] = {"free", "FREE", "freez", "zfree", NULL};
    return call->kind == I_CALL && !call->implicit && call->callee && call->arg_count == 1 &&
           call->args[0].kind == O_PLACE && call->args[0].place == place &&
           (model_frees_memory(call->callee) ||
            (name_has_any(call->callee, words) && name_is_constant(call->callee)) ||
            word_in(call->callee, words)) &&
           !function_of(ir, call->callee);
}

/* Does the function give the whole object to another one, which may release the member? */
static bool hands_on(const struct owner *owner, const struct ir *ir, int object, const char *field,
                     int depth)
{
    EACH (call, &ir->code)
        for (int i = 0; call->kind == I_CALL && i < call->arg_count; i++) {
            if (call->args[i].place != object || frees(ir, call, object))
                continue;
            const struct ir *helper = call->callee && !call->indirect
                                          ? map_get(&owner->knowledge->by_name, call->callee)
                                          : NULL;
            if (!helper && call->callee && model_known_harmless(call->callee))
                continue;
            if (!helper || depth > 2 || helper == ir || mentions(ir, helper->function, field))
                return true;
            int parameter = -1, at = 0;
            for (int place = 0; place < helper->places.count && parameter < 0; place++)
                if (helper->places.at[place].kind == P_PARAMETER && at++ == i)
                    parameter = place;
            if (parameter < 0 || hands_on(owner, helper, parameter, field, depth + 1))
                return true;
        }
    return false;
}

#define MIXED 0x7fffffff /* members of more than one parameter */

/* void foo_free(struct foo *foo) { …; free(foo); } */
static bool is_destructor(struct owner *owner)
{
    struct ir *ir = owner->destructor;
    if (name_releases(ir->function->name) != 2 || is_of_test(ir))
        return false;
    int releases = 0, parts = -1, last = -1;
    owner->end = owner->object = -1;
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *call = at(ir, i);
        if (call->kind != I_CALL || !call->callee || call->arg_count < 1 || call->args[0].place < 0)
            continue;
        const struct place *place = &ir->places.at[call->args[0].place];
        if (place->kind == P_PARAMETER && frees(ir, call, call->args[0].place)) {
            owner->end = i;
            owner->object = call->args[0].place;
        }
        if (place->kind != P_PART || name_releases(call->callee) < 2 ||
            call->args[0].kind != O_PLACE)
            continue;
        releases++;
        if (ir->places.at[place->root].kind == P_PARAMETER && place->parent == place->root) {
            parts = parts < 0 || parts == place->root ? place->root : MIXED;
            last = i;
        }
    }
    if (owner->end < 0 && parts >= 0 && parts != MIXED &&
        releases >= 2) { /* it releases only the members */
        owner->end = last;
        owner->object = parts;
        owner->members_only = true;
    }
    return owner->end >= 0 && releases > 0 && place_type(ir, owner->object);
}

/* ---- the rest of the file --------------------------------------------------------------------------- */

/* list_create, for which there is a list_release that this file uses or that is declared. */
static bool is_pair(const struct owner *owner, const char *maker)
{
    if (!name_makes(maker) || name_gets(maker))
        return false;
    const char *release = told_release(owner->destructor, maker);
    if (!release)
        release = knowledge_release_by_name(owner->knowledge, maker);
    if (!release)
        release = prototype_release(owner->destructor->unit, maker, -1);
    return release && name_only_frees(release);
}

/* Something of its own, made by a function that is known, or seen to give its result to its caller. */
static bool acquires(struct owner *owner, const struct instr *call)
{
    int resource;
    if (call->kind != I_CALL || !call->callee || call->implicit || call->indirect)
        return false;
    const struct acquirer *acquirer = model_acquirer(call->callee);
    if (acquirer)
        return acquirer->argument < 0;
    return is_pair(owner, call->callee) ||
           knowledge_result(owner->knowledge, call, &resource) == RESULT_OWNED;
}

static bool is_null(const struct instr *instr)
{
    return instr->kind == I_ASSIGN && instr->left.kind == O_NUMBER && instr->left.number <= 0;
}

/* Does the call perhaps release its argument, or hand it to somebody else? list_remove(list, node) leaves the list. */
static bool ends_argument(const struct instr *call, int i)
{
    const char *callee = call->callee;
    if (!callee || call->args[i].kind == O_ADDRESS)
        return true;
    if (name_is_constant(callee) && name_releases(callee) > 0)
        return true;
    if (name_releases(callee) == 2)
        return call->arg_count == 1 || i > 0 || name_frees(callee);
    return name_gives(callee) || (i > 0 && name_keeps(callee) && !model_known_harmless(callee));
}

/* const char *name = p->name; that is only looked at. */
static bool only_read(const struct ir *ir, int copy)
{
    if (ir->places.at[copy].kind != P_LOCAL && ir->places.at[copy].kind != P_TEMPORARY)
        return false;
    EACH (instr, &ir->code) {
        bool reads = instr->left.kind == O_PLACE && instr->left.place == copy;
        if (reads && instr->kind == I_RETURN)
            return false;
        if (reads && instr->kind == I_ASSIGN && ir->places.at[instr->dst].kind != P_TEMPORARY)
            return false;
        for (int i = 0; instr->kind == I_CALL && i < instr->arg_count; i++)
            if (instr->args[i].place == copy && ends_argument(instr, i))
                return false;
    }
    return true;
}

/* Does this statement release the member, take it away, share it or give it something else to hold? */
static bool interferes(struct owner *owner, struct ir *ir, int index, const char *field)
{
    const struct instr *instr = at(ir, index);
    if (instr->kind == I_ASSIGN && instr->left.kind == O_PLACE &&
        ends_in(ir, instr->left.place, field))
        return !only_read(ir, instr->dst);
    if (instr->kind == I_ASSIGN && ends_in(ir, instr->dst, field) && !is_null(instr)) {
        for (int i = 0; i < index; i++) /* field = temporary */
            if (at(ir, i)->dst >= 0 && at(ir, i)->dst == instr->left.place &&
                acquires(owner, at(ir, i)))
                return false;
        return true;
    }
    if (instr->kind != I_CALL)
        return false;
    if (instr->dst >= 0 && ends_in(ir, instr->dst, field))
        return !acquires(owner, instr);
    for (int i = 0; i < instr->arg_count; i++)
        if (ends_in(ir, instr->args[i].place, field) && ends_argument(instr, i))
            return true;
    return false;
}

static bool only_forgotten(struct owner *owner, const char *field)
{
    EACH (ir, &owner->knowledge->irs)
        for (int i = 0; i < ir->code.count; i++)
            if (interferes(owner, ir, i, field))
                return false;
    return true;
}

/* Does the maker also make a member that the destructor knows? */
static bool makes_another(struct owner *owner, struct ir *maker, int object)
{
    for (int i = 0; i < maker->code.count; i++) {
        int place = at(maker, i)->dst >= 0 ? place_variable(maker, i, at(maker, i)->dst) : -1;
        const char *field = place >= 0 ? field_of(maker, place) : NULL;
        if (field && maker->places.at[place].root == object && !strpbrk(field, ".>[ ") &&
            acquires(owner, at(maker, i)) &&
            mentions(owner->destructor, owner->destructor->function, field))
            return true;
    }
    return false;
}

static bool reported(const struct owner *owner, const finding_vec *findings, const char *about)
{
    EACH (finding, findings)
        if (finding->function == owner->destructor->function->name && finding->about &&
            strcmp(finding->about, about) == 0)
            return true;
    return false;
}

static void check_member(struct owner *owner, struct arena *arena, finding_vec *findings,
                         struct ir *maker, int index)
{
    struct ir *ir = owner->destructor;
    int member = place_variable(maker, index, at(maker, index)->dst);
    const char *path = member >= 0 ? field_of(maker, member) : NULL;
    const char *field = path && strchr(path, '.') ? strrchr(path, '.') + 1 : path;
    if (!field || strpbrk(path, ">[ ") ||
        !type_points_alike(place_type(ir, owner->object),
                           place_type(maker, maker->places.at[member].root)) ||
        !acquires(owner, at(maker, index)) || mentions(ir, ir->function, field) ||
        hands_on(owner, ir, owner->object, field, 0) || !only_forgotten(owner, field) ||
        (owner->members_only && !makes_another(owner, maker, maker->places.at[member].root)))
        return;
    const char *about = arena_format(arena, "%s->%s", place_text(ir, owner->object), path);
    if (reported(owner, findings, about))
        return;
    struct finding *finding = finding_at(ir, arena, findings, "leak", LEVEL_LIKELY,
                                         at(ir, owner->end));
    finding->about = about;
    finding->message = arena_format(
        arena, "%s does not release '%s': %s makes it, and nothing in this file releases it",
        ir->function->name, about, maker->function->name);
    finding_note(arena, finding, at(maker, index)->line, at(maker, index)->column, "acquired here");
    finding->advice = arena_format(arena, "release '%s' in %s", about, ir->function->name);
}

void check_forgotten_members(struct ir *ir, struct knowledge *knowledge, struct arena *arena,
                             finding_vec *findings)
{
    struct owner owner = {.destructor = ir, .knowledge = knowledge};
    if (!is_destructor(&owner))
        return;
    EACH (maker, &knowledge->irs)
        for (int i = 0; i < maker->code.count; i++)
            if (at(maker, i)->kind == I_CALL && at(maker, i)->dst >= 0)
                check_member(&owner, arena, findings, maker, i);
}
