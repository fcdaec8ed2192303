/* Calls that give a value to a place that the function itself releases. */
#include "site_parts.h"

#include "names.h"
#include "use.h"

#include <string.h>

static bool only_inspects(const char *callee)
{
    return callee && model_harmless(callee);
}

/* A value that its callee owns: nothing is acquired. */
bool borrows(const char *callee)
{
    bool makes = name_constructs(callee) || name_ends_with(callee, "printf");
    bool harmless = makes ? model_known_harmless(callee) : model_harmless(callee);
    return name_is_predicate(callee) || harmless || strcmp(callee, "va_arg") == 0 ||
           strstr(callee, "alloca") || strstr(callee, "newa") || strstr(callee, "joina") ||
           (name_has(callee, "pool") &&
            (name_ends_with(callee, "strdup") || name_ends_with(callee, "strndup"))) ||
           strstr(callee, "bind_property") || name_ends_with(callee, "dupa") ||
           strstr(callee, "talloc") || strstr(callee, "palloc") || name_has(callee, "container") ||
           strstr(callee, "containerof") || strncmp(callee, "apr_", 4) == 0 ||
           strncmp(callee, "devm_", 5) == 0 || strstr(callee, "obstack");
}

static int strength_of(const struct ir *ir, const char *callee)
{
    if (prototype_lends(ir->unit, callee))
        return -2;
    if (strstr(callee, "_d2i") || name_has(callee, "get1"))
        return 1; /* as OpenSSL calls what its caller owns */
    if (name_has(callee, "tmp") || name_has(callee, "peek") || name_has(callee, "borrow"))
        return -2;
    static const char *const finds[] = {"get", "find", "lookup", "search", "peek", NULL};
    if (name_has_any(callee, finds) && !name_makes(callee) && !name_has(callee, "ref"))
        return -1;                          /* hashmap_get_from_hash */
    const char *by = strstr(callee, "_by"); /* session_byname(name) */
    if (by && by[3] && by[3] != '_' && strlen(by) < 10 && !name_makes(callee))
        return -1;
    bool casts = strncmp(callee, "__", 2) == 0; /* __listener_of(object) */
    return name_constructs(callee)                         ? 1
           : casts                                         ? -2
           : name_gets(callee) || name_is_constant(callee) ? -1
                                                           : 0;
}

/* Does the function take a reference of its own to what it got? Then it had none before. */
static bool takes_reference(const struct ir *ir, int place)
{
    if (use_takes_reference(ir, place))
        return true;
    EACH (instr, &ir->code)
        if (instr->kind == I_ASSIGN && ir->places.at[instr->dst].kind == P_PART &&
            ir->places.at[instr->dst].parent == place &&
            strstr(ir->places.at[instr->dst].text, "ref"))
            return true; /* table->references++ */
    return false;
}

static int strength_here(const struct ir *ir, const struct instr *call, const struct site *site)
{
    int strength = strength_of(ir, call->callee);
    if (told_release(ir, call->callee))
        return 2;
    if (strstr(call->callee, "realloc") && call->arg_count > 0 &&
        call->args[0].place != site->place && !model_acquirer(call->callee))
        strength = -1; /* out = stream_buffer_realloc(stream) is a part of the stream */
    if (strength == -1 && site->release && names_pair(call->callee, site->release))
        strength = 1; /* peer_get and peer_put */
    return strength < 0 && takes_reference(ir, site->place) ? -2 : strength;
}

/* An initialiser whose result nobody looks at has nothing to fail with, so it acquires nothing yet. */
static bool prepares(const struct ir *ir, int index)
{
    static const char *const words[] = {"init", "initialize", "setup", "reset", "clear", NULL};
    const struct instr *instr = &ir->code.at[index];
    int status = instr->dst;
    bool mirrored;
    return name_has_any(instr->callee, words) && !first_test(ir, instr->next, &status, &mirrored);
}

/* safe_atoi(text, &fd) makes a number, and no descriptor. */
static bool reads_number(const char *callee)
{
    static const char *const words[] = {"int",   "uint", "atoi",    "parse", "strtol", "number",
                                        "scanf", "atou", "str2int", "long",  NULL};
    return name_has_any(callee, words);
}

/* n = send_message(socket, …), where n is closed elsewhere: a number of bytes, and no descriptor. */
static bool counts_bytes(const struct ir *ir, const struct instr *call, int place)
{
    return is_number(ir, place) && name_transfers_data(call->callee) && !name_makes(call->callee);
}

/* BUFFER_DATA(b), IMPL_FROM_TEXT(text): such macros mostly read a member or convert a pointer. */
static bool reads_by_macro(const char *callee)
{
    static const char *const makes[] = {"NEW",  "ALLOC", "DUP",  "CREATE", "OPEN", "MAKE",
                                        "COPY", "CLONE", "INIT", "REF",    NULL};
    if (name_is_constant(callee) && strstr(callee, "_FROM_"))
        return true; /* STRING_REF_FROM_TEXT(text) */
    for (const char *const *word = makes; *word; word++)
        if (strstr(callee, *word))
            return false;
    return name_is_constant(callee);
}

/* fd = parse_fd(text) makes a number; r = make_mount_point(path) tells how it went, though r is a descriptor elsewhere. */
static bool tells_number(const struct ir *ir, const struct instr *call, int place)
{
    static const char *const opens[] = {"open",   "socket", "accept", "dup",     "fd",
                                        "create", "listen", "epoll",  "eventfd", NULL};
    if (reads_number(call->callee))
        return true;
    return name_is_status(place_text(ir, place)) && !name_has_any(call->callee, opens) &&
           !strstr(call->callee, "open") && !strstr(call->callee, "temp");
}

/* iterator_next(iterator, &text); … free(text): whatever its name, the call gives a pointer that is freed later. */
static bool gives_memory(const struct ir *ir, const char *callee, const struct site *site)
{
    return !model_known_harmless(callee) && site->release && model_frees_memory(site->release) &&
           place_is_pointer(ir, site->place) && !name_is_predicate(callee);
}

static bool names_lock(const char *callee)
{
    return strstr(callee, "lock") || strstr(callee, "Lock") || strstr(callee, "LOCK");
}

void add_inferred(struct ir *ir, site_vec *sites, int index, bool lends)
{
    struct instr *instr = &ir->code.at[index];
    int argument;
    int place = lends ? -1 : place_variable(ir, index, instr->dst);
    for (int i = 0; i < sites->count; i++) {
        struct site *site = &sites->at[i];
        if (!site->has_release || site->argument ||
            (lends && instr->dst >= 0 && place_variable(ir, index, instr->dst) == site->place) ||
            (place == site->place && counts_bytes(ir, instr, place)) ||
            (place == site->place && is_number(ir, place) && tells_number(ir, instr, place)))
            continue;
        if (place == site->place && !site->by_address && !borrows(instr->callee) &&
            call_releases(ir, instr, site->place, &argument) == 0) {
            struct acquisition *acquisition = ADD(ir->arena, &site->acquisitions);
            *acquisition = (struct acquisition){
                index, instr->dst, {0}, false, strength_here(ir, instr, site), false};
            acquisition->failing = failing_value(ir, index, instr->dst,
                                                 site->resource == R_DESCRIPTOR ? FAILS_NEGATIVE
                                                                                : FAILS_NULL);
            if (reads_by_macro(instr->callee))
                acquisition->strength = -2;
            if (instr->indirect && acquisition->strength == 0)
                acquisition->strength = -1; /* what a pointer leads to may well lend */
            continue;
        }
        if (site->release && name_unlocks(site->release) && !names_lock(instr->callee))
            continue; /* map_update(&map, …); … map_unlock(&map) */
        for (int k = 0; k < instr->arg_count && !(site->known && site->by_address); k++) {
            if (instr->args[k].kind != O_ADDRESS || instr->args[k].place != site->place ||
                shapes_text(instr->callee) ||
                (only_inspects(instr->callee) && !gives_memory(ir, instr->callee, site)) ||
                call_releases(ir, instr, site->place, &argument) > 0 ||
                (is_number(ir, site->place) && reads_number(instr->callee)))
                continue;
            struct acquisition *acquisition = ADD(ir->arena, &site->acquisitions);
            int strength = strength_of(ir, instr->callee);
            if (strength == -1 && is_number(ir, site->place))
                strength = 0; /* a descriptor that is closed is owned */
            else if (instr->indirect && strength == 0)
                strength = -1;
            *acquisition = (struct acquisition){index, site->place, {0}, false, strength, false};
            acquisition->failing = failing_status(ir, index, instr->dst, site->place);
            acquisition->only_prepares = site->by_address && prepares(ir, index);
        }
    }
}
