/* Calls whose result is owned by what other functions, types and names say, though this function does not release it. */
#include "site_parts.h"

#include "knowledge.h"
#include "names.h"

#include <string.h>

static bool named_descriptor(const char *name)
{
    size_t length = strlen(name);
    return strcmp(name, "fd") == 0 || strcmp(name, "sock") == 0 ||
           (length > 3 && strcmp(name + length - 3, "_fd") == 0) || strcmp(name, "sockfd") == 0;
}

/* Is this variable used where the system expects a descriptor? */
static bool used_as_descriptor(const struct ir *ir, int place)
{
    EACH (instr, &ir->code)
        if (instr->kind == I_CALL && instr->callee && instr->arg_count > 0 &&
            instr->args[0].kind == O_PLACE && instr->args[0].place == place &&
            model_uses_descriptor(instr->callee))
            return true;
    return false;
}

static bool is_descriptor(const struct ir *ir, int place)
{
    return named_descriptor(place_text(ir, place)) || used_as_descriptor(ir, place);
}

/* The result of a call that other functions release, in a variable that this function does not release. */
/* alloc(&owner->pool), create_tree(dfa, …): what a pool gives belongs to the pool. */
static bool comes_from_pool(const struct ir *ir, const struct instr *call)
{
    static const char *const pools[] = {"pool",    "arena", "cha",     "dfa",  "obstack",
                                        "storage", "zone",  "mempool", "slab", NULL};
    if (call->arg_count == 0 || call->args[0].place < 0)
        return false;
    const struct place *first = &ir->places.at[call->args[0].place];
    const char *dot = strrchr(first->text, '.'), *arrow = strrchr(first->text, '>');
    const char *last = dot > arrow ? dot : arrow;
    return name_has_any(last ? last + 1 : first->text, pools) ||
           name_has_any(call->callee, pools) ||
           (call->args[0].kind == O_ADDRESS && first->kind == P_PART && first->through &&
            name_has(call->callee, "alloc"));
}

void add_mined(struct ir *ir, site_vec *sites, int index, struct knowledge *knowledge)
{
    struct instr *instr = &ir->code.at[index];
    int place = place_variable(ir, index, instr->dst);
    const char *release;
    if (name_is_constant(instr->callee) || comes_from_pool(ir, instr) ||
        strstr(instr->callee, "bind_property") || strstr(instr->callee, "talloc"))
        return; /* a cast: G_OBJECT(x) */
    if (!tracked(ir, place) || !(release = knowledge_release(knowledge, instr->callee)))
        return;
    static const char *const finds[] = {"get", "find", "lookup", "search", NULL};
    bool makes = name_acquires(instr->callee) || name_constructs(instr->callee);
    if ((!makes || (name_has_any(instr->callee, finds) && !name_makes(instr->callee))) &&
        !knowledge_annotated(knowledge, instr->callee) &&
        knowledge_releases_of(knowledge, instr->callee, release) < 5)
        return; /* session_of(stream) */
    if (is_number(ir, place) && (!closes_number(release) || !is_descriptor(ir, place)))
        return;
    struct site *site = site_at(ir, sites, place);
    if (site->has_release || site->known)
        return;
    site->mined = true;
    site->release = release;
    *ADD(ir->arena, &site->acquisitions) = (struct acquisition){
        index, instr->dst, failing_value(ir, index, instr->dst, FAILS_NULL), false, 1, false};
}

/* A constructor whose type, or whose name, has a function that releases what it makes: foo_new and foo_free. */
static void add_typed_place(struct ir *ir, site_vec *sites, int index, int argument,
                            const char *release)
{
    struct instr *instr = &ir->code.at[index];
    int place = argument < 0 ? place_variable(ir, index, instr->dst) : instr->args[argument].place;
    if (!tracked(ir, place) || !ir->places.at[place].decl ||
        ir->places.at[place].decl->type.stars != 1 || ir->places.at[place].decl->type.is_const ||
        ir->places.at[place].decl->attribute)
        return;
    struct site *site = site_at(ir, sites, place);
    if (site->has_release || site->known || site->mined)
        return;
    site->typed = true;
    site->release = release;
    struct acquisition *acquisition = ADD(ir->arena, &site->acquisitions);
    *acquisition = (struct acquisition){index, argument < 0 ? instr->dst : place, {0}, false, 1,
                                        false};
    acquisition->failing = argument < 0 ? failing_value(ir, index, instr->dst, FAILS_NULL)
                                        : failing_status(ir, index, instr->dst, place);
}

void add_typed(struct ir *ir, site_vec *sites, int index, struct knowledge *knowledge)
{
    struct instr *instr = &ir->code.at[index];
    if (borrows(instr->callee) || !name_makes(instr->callee) || comes_from_pool(ir, instr))
        return;
    const char *release = prototype_release(ir->unit, instr->callee, -1);
    if (!release)
        release = knowledge_release_by_name(knowledge, instr->callee);
    if (release)
        add_typed_place(ir, sites, index, -1, release);
    for (int i = 0; i < instr->arg_count; i++)
        if (instr->args[i].kind == O_ADDRESS &&
            (release = prototype_release(ir->unit, instr->callee, i)))
            add_typed_place(ir, sites, index, i, release);
}

/* A wrapper of open or socket, by its name and by what is done with its result. */
const struct acquirer *descriptor_wrapper(struct ir *ir, int index)
{
    static const struct acquirer wrapper = {"", R_DESCRIPTOR, -1, FAILS_NEGATIVE};
    static const char *const words[] = {"open", "socket", "dup", "dup3", "accept", "connect", NULL};
    const struct instr *instr = &ir->code.at[index];
    int place = place_variable(ir, index, instr->dst);
    if (strcmp(instr->callee, "fcntl") == 0 && instr->arg_count > 1 &&
        instr->args[1].kind == O_SYMBOL)
        return strncmp(instr->args[1].text, "F_DUPFD", 7) == 0 ? &wrapper : NULL;
    if (!tracked(ir, place) || !is_number(ir, place) || !name_has_any(instr->callee, words) ||
        name_releases(instr->callee) || name_is_predicate(instr->callee) ||
        name_has(instr->callee, "get") || strcmp(instr->callee, "connect") == 0)
        return NULL;
    return is_descriptor(ir, place) ? &wrapper : NULL;
}

/* A structure is often kept in a list of its maker's too, and has a release function of its own. */
static bool may_be_owned(const struct ir *ir, int place, enum resource resource)
{
    const struct decl *decl = ir->places.at[place].decl;
    if (!decl || decl->attribute || is_error_object(ir, place))
        return false;
    if (resource == R_DESCRIPTOR)
        return is_number(ir, place);
    bool text = decl->type.count > 0 && strcmp(decl->type.words[decl->type.count - 1], "char") == 0;
    return decl->type.stars == 1 && (text || resource != R_MEMORY);
}

/* The function that makes it is seen to give it to its caller, whatever its name says. */
static bool raise_strength(const struct ir *ir, site_vec *sites, int index, int place)
{
    EACH (site, sites) {
        if (site->place != place || site->by_address || site->argument)
            continue;
        EACH (known, &site->acquisitions)
            if (known->instr == index) {
                const struct decl *decl = ir->places.at[place].decl;
                known->strength = known->strength < 1 ? 1 : known->strength;
                site->owned |= decl && !decl->attribute && !is_error_object(ir, place);
                return true;
            }
    }
    return false;
}

static void add_owned_place(struct ir *ir, site_vec *sites, int index, int place,
                            enum resource resource)
{
    const struct instr *instr = &ir->code.at[index];
    bool result = place_variable(ir, index, instr->dst) == place;
    if (!tracked(ir, place) || raise_strength(ir, sites, index, place) ||
        !may_be_owned(ir, place, resource))
        return;
    struct site *site = site_at(ir, sites, place);
    if (site->by_address || site->argument)
        return;
    site->owned = true;
    bool descriptor = result && resource == R_DESCRIPTOR; /* r = open_log(name); … close(r) */
    if (site->known || (site->has_release && !descriptor))
        return;
    site->resource = resource;
    if (!site->has_release)
        site->release = resource_release(resource);
    struct acquisition *acquisition = ADD(ir->arena, &site->acquisitions);
    *acquisition = (struct acquisition){index, result ? instr->dst : place, {0}, false, 1, false};
    acquisition->failing = result ? failing_value(ir, index, instr->dst,
                                                  resource == R_DESCRIPTOR ? FAILS_NEGATIVE
                                                                           : FAILS_NULL)
                                  : failing_status(ir, index, instr->dst, place);
}

/* By what the called function does, in this file or another one, its result or an argument is the caller's to release. */
void add_owned(struct ir *ir, site_vec *sites, int index, struct knowledge *knowledge)
{
    const struct instr *instr = &ir->code.at[index];
    int resource, made;
    const char *maker = knowledge_maker(knowledge, instr);
    int place = place_variable(ir, index, instr->dst);
    if (instr->dst >= 0 && knowledge_result(knowledge, instr, &resource) == RESULT_OWNED)
        add_owned_place(ir, sites, index, place, (enum resource)resource);
    else if (instr->dst >= 0 && maker && name_makes(maker) && !borrows(maker) && place >= 0)
        raise_strength(ir, sites, index, place);
    for (int i = 0; i < instr->arg_count; i++)
        if (instr->args[i].kind == O_ADDRESS &&
            (made = knowledge_acquires(knowledge, instr, i)) >= 0)
            add_owned_place(ir, sites, index, instr->args[i].place, (enum resource)made);
}
