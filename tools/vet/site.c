#include "site_parts.h"

#include "config.h"
#include "engine_parts.h"
#include "knowledge.h"
#include "names.h"
#include "once.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- which calls release ------------------------------------------------------------------------ */

static bool argument_is(const struct ir *ir, const struct operand *argument, int place)
{
    if (argument->kind != O_PLACE && argument->kind != O_ADDRESS)
        return false;
    if (argument->place == place)
        return true;
    /* close(fds[0]) releases what pipe(fds) made. */
    const struct place *at = &ir->places.at[argument->place];
    return at->kind == P_PART && at->parent == place && !at->through && strchr(at->text, '[');
}

const char *told_release(const struct ir *ir, const char *acquire)
{
    const char *given = config_release_of(acquire);
    const char *attribute = given ? given : map_get(&ir->unit->deallocators, acquire);
    return attribute ? attribute : library_release(acquire);
}

/* As name_releases says, unless an attribute, the configuration or a library says more. */
static int release_level(const struct ir *ir, const char *callee)
{
    bool told = config_is_release(callee) || map_get(&ir->unit->ends, callee) ||
                ask_once(model_ends, callee);
    return told ? 2 : name_releases(callee);
}

int call_releases(const struct ir *ir, const struct instr *call, int place, int *argument)
{
    static const char *const stores[] = {"put", "finalize", NULL};
    for (int i = 0; i < call->arg_count; i++) {
        if (!argument_is(ir, &call->args[i], place))
            continue;
        *argument = i;
        if (call->implicit)
            return 2;
        if (!call->callee)
            return 0;
        int level = release_level(ir, call->callee);
        if (level == 2 && call->expr && call->expr->kind == E_CALL && call->expr->a &&
            call->expr->a->kind == E_MEMBER && !name_only_frees(call->callee))
            level = 1; /* stream->close(stream): what it frees is its own affair */
        if (i == 0 && call->arg_count > 1 && name_has_any(call->callee, stores) &&
            !name_only_releases(call->callee))
            return 0; /* map_put(map, key, x) */
        /* map_put(map, x) keeps x; queue_end(queue, x) … */
        if (level > 0 && i > 0 && name_keeps(call->callee) && !name_only_releases(call->callee))
            return 0;
        if (call->arg_count > 2 && name_has(call->callee, "delete"))
            return 0; /* string_delete(text, from, count), object_delete(repository, kind, name) */
        if (i > 0 && strstr(call->callee, "_and_"))
            return 0; /* free_and_strdup(&to, from) */
        if (level == 2 && call->arg_count > 2 && i > 1)
            return 1;
        return level;
    }
    return 0;
}

/* ---- sites -------------------------------------------------------------------------------------- */

bool tracked(const struct ir *ir, int place)
{
    if (place < 0)
        return false;
    const struct place *at = &ir->places.at[place];
    if (at->kind == P_LOCAL)
        return true;
    if (at->kind != P_PART || at->through || !at->text)
        return false;
    for (const char *index = strchr(at->text, '['); index; index = strchr(index + 1, '['))
        if (!isdigit((unsigned char)index[1]))
            return false;
    return ir->places.at[at->root].kind == P_LOCAL;
}

/* A temporary that is copied to a variable at once stands for it. */
int variable_of(const struct ir *ir, int instr, int place)
{
    if (place < 0 || ir->places.at[place].kind != P_TEMPORARY)
        return place;
    int at = ir->code.at[instr].next;
    for (int steps = 0; at >= 0 && steps < 8; steps++, at = ir->code.at[at].next) {
        const struct instr *next = &ir->code.at[at];
        if (next->kind == I_ASSIGN && next->left.kind == O_PLACE && next->left.place == place)
            return next->dst;
        if (next->kind != I_JOIN)
            return place;
    }
    return place;
}

static struct site *site_at(struct ir *ir, site_vec *sites, int place)
{
    EACH (site, sites)
        if (site->place == place)
            return site;
    struct site *site = ADD(ir->arena, sites);
    site->place = place;
    site->resource = R_OBJECT;
    return site;
}

static bool is_number_type(const char *word)
{
    static const char *const parts[] = {"int32", "INT", "int_t",  "status", "Status", "_rc",
                                        "_RC",   "err", "size_t", "enum",   "_code",  NULL};
    for (const char *const *part = parts; *part; part++)
        if (strstr(word, *part))
            return true;
    return false;
}

/* A number is no resource, unless it is closed. */
static bool is_number(const struct ir *ir, int place)
{
    static const char *const words[] = {"int",      "size_t",  "ssize_t",  "bool",     "long",
                                        "unsigned", "uint8_t", "uint16_t", "uint32_t", "uint64_t",
                                        "gboolean", "char",    "off_t",    "time_t",   "pid_t",
                                        "gsize",    "guint",   "gint",     "int32_t",  "int64_t",
                                        "u32",      "u64",     "u16",      "u8",       NULL};
    const struct place *at = &ir->places.at[place];
    if (!at->decl || at->decl->type.stars > 0)
        return false;
    for (int i = 0; i < at->decl->type.count; i++)
        if (word_in(at->decl->type.words[i], words) || is_number_type(at->decl->type.words[i]))
            return true;
    return false;
}

/* pipe(ends) fails by what is not zero, whatever the function does then. */
static struct failing failing_known_status(const struct ir *ir, int index, int place)
{
    static const char *const names[] = {"pipe",       "pipe2",   "socketpair",     "getaddrinfo",
                                        "getifaddrs", "regcomp", "posix_memalign", "glob",
                                        "wordexp",    NULL};
    struct failing failing = failing_status(ir, index, ir->code.at[index].dst, place);
    bool zero = failing.right.kind == O_NUMBER && failing.right.number == 0;
    if (zero && (failing.sign == S2('!', '=') || failing.sign == S2('=', '=')) &&
        word_in(ir->code.at[index].callee, names))
        failing.truth = failing.sign == S2('!', '=');
    if (failing.tested && failing.right.kind == O_SYMBOL &&
        word_in(ir->code.at[index].callee, names)) { /* r == REG_ESPACE is one failure of several */
        failing.sign = S2('!', '=');
        failing.right = (struct operand){.kind = O_NUMBER, .place = -1};
        failing.truth = true;
    }
    return failing;
}

static void add_known(struct ir *ir, site_vec *sites, int index, const struct acquirer *acquirer)
{
    struct instr *instr = &ir->code.at[index];
    int place = instr->dst, holder = instr->dst;
    if (acquirer->argument >= 0) {
        if (acquirer->argument >= instr->arg_count)
            return;
        place = holder = instr->args[acquirer->argument].place;
        if (instr->args[acquirer->argument].kind == O_PLACE && place >= 0 &&
            is_pointer(ir, place) && !is_array(ir, place))
            return; /* timer_create(clock, &event, timer): where the pointer leads to */
    } else {
        place = variable_of(ir, index, place);
        if (place >= 0 && acquirer->resource != R_DESCRIPTOR && is_number(ir, place)) {
            /* r = fopen_unlocked(name, "re", &f): a variant that returns a status. */
            const struct operand *last = &instr->args[instr->arg_count - 1];
            if (instr->arg_count == 0 || last->kind != O_ADDRESS)
                return;
            struct acquirer variant = *acquirer;
            variant.argument = instr->arg_count - 1;
            variant.failure = FAILS_STATUS;
            add_known(ir, sites, index, &variant);
            return;
        }
    }
    bool passed_on = acquirer->resource == R_CONTEXT && place >= 0 && acquirer->argument < 0 &&
                     ir->places.at[place].kind == P_TEMPORARY; /* ask(lg_context_with_…(…)) */
    if (!tracked(ir, place) && !passed_on)
        return;
    struct site *site = site_at(ir, sites, place);
    if (!site->known)
        site->resource = acquirer->resource;
    site->known = true;
    if (!site->release)
        site->release = library_release(instr->callee);
    if (site->release && acquirer->argument >= 0 && library_releases_struct(site->release))
        site->by_address = true;
    struct acquisition *acquisition = ADD(ir->arena, &site->acquisitions);
    *acquisition = (struct acquisition){index, holder, {0}, true, 2, false};
    if (acquirer->argument < 0)
        acquisition->failing = failing_value(ir, index, holder, acquirer->failure);
    else if (acquirer->failure == FAILS_RESULT_NULL)
        acquisition->failing = failing_value(ir, index, instr->dst, FAILS_NULL);
    else if (acquirer->failure == FAILS_STATUS)
        acquisition->failing = failing_known_status(ir, index, place);
    bool mirrored;
    int status = instr->dst;
    if (acquirer->resource == R_CONTEXT && acquirer->argument >= 0 &&
        !first_test(ir, instr->next, &status, &mirrored))
        site->acquisitions.count--; /* nobody knows whether it failed */
}

/* close, safe_close, p_close, close_fd, CLOSE_FD; not session_close_by_pid. */
static bool closes_number(const char *name)
{
    size_t length = strlen(name);
    return strncasecmp(name, "close", 5) == 0 || strstr(name, "_fd") || strstr(name, "_FD") ||
           (length > 5 && strcasecmp(name + length - 5, "close") == 0);
}

/* Does a function whose name makes a pair with `release` give this place its value? */
static bool paired_acquirer(const struct ir *ir, int place, const char *release)
{
    EACH (instr, &ir->code) {
        if (instr->kind != I_CALL || !instr->callee || !names_pair(instr->callee, release))
            continue;
        if (instr->dst == place)
            return true;
        for (int i = 0; i < instr->arg_count; i++)
            if (instr->args[i].kind == O_ADDRESS && instr->args[i].place == place)
                return true;
    }
    return false;
}

bool is_error_object(const struct ir *ir, int place)
{
    static const char *const names[] = {"cause",  "err",  "error",  "errmsg", "errstr",
                                        "errbuf", "emsg", "reason", NULL};
    const struct decl *decl = ir->places.at[place].decl;
    if (decl && decl->type.stars == 1 && word_in(decl->name, names))
        return true;
    for (int i = 0; decl && i < decl->type.count; i++)
        if (strstr(decl->type.words[i], "Error") || strstr(decl->type.words[i], "error"))
            return true;
    return false;
}

/* lock = lock_file(name): unlocking it is the release of an object, and not of a lock within it. */
static bool comes_from_lock(const struct ir *ir, int place)
{
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *instr = &ir->code.at[i];
        bool gives = instr->kind == I_CALL && variable_of(ir, i, instr->dst) == place;
        for (int k = 0; instr->kind == I_CALL && k < instr->arg_count; k++)
            gives |= instr->args[k].kind == O_ADDRESS && instr->args[k].place == place;
        if (gives && instr->callee &&
            (name_locks(instr->callee) || name_trylocks(instr->callee) ||
             strstr(instr->callee, "lock")) &&
            !name_unlocks(instr->callee))
            return true;
    }
    return false;
}

/* Neither a pointer nor a structure by its type, and no number that is known: an enumeration or a handle. */
static bool is_plain_value(const struct ir *ir, int place)
{
    const struct decl *decl = ir->places.at[place].decl;
    return decl && decl->type.stars == 0 && !decl->type.is_array && decl->type.count > 0 &&
           strcmp(decl->type.words[0], "struct") != 0 && !is_number(ir, place);
}

/* json_object_open(&writer), json_array_open(&writer): these write a sign. */
static bool shapes_text(const char *callee)
{
    static const char *const texts[] = {"json", "jsonwrt", "xml", "yaml", NULL};
    static const char *const parts[] = {"object", "array", "element", "value", "root", NULL};
    return name_has_any(callee, texts) && name_has_any(callee, parts);
}

/* pool_free(pool, p), talloc_free(p): early, since the pool or the parent releases all that is left. */
static bool releases_early(const struct instr *call, int argument)
{
    return (argument > 0 && name_has(call->callee, "pool")) ||
           strncasecmp(call->callee, "talloc_", 7) == 0;
}

/* Variables of the function that are released somewhere: what they hold, they own. */
static void mark_released(struct ir *ir, site_vec *sites)
{
    EACH (instr, &ir->code) {
        if (instr->kind != I_CALL || instr->implicit || !instr->callee ||
            !release_level(ir, instr->callee) || shapes_text(instr->callee))
            continue;
        for (int i = 0; i < instr->arg_count && i < 3; i++) {
            int place = instr->args[i].place, argument;
            if (instr->args[i].kind == O_PLACE && place >= 0 &&
                ir->places.at[place].kind == P_PART && strchr(ir->places.at[place].text, '[') &&
                tracked(ir, place))
                place = ir->places.at[place].parent;
            if (!tracked(ir, place) || call_releases(ir, instr, place, &argument) == 0)
                continue;
            if (releases_early(instr, i) ||
                (is_number(ir, place) && !closes_number(instr->callee) &&
                 !paired_acquirer(ir, place, instr->callee)))
                continue;
            if (instr->args[i].kind == O_ADDRESS && i > 0)
                continue;
            if (i > 1 || (call_releases(ir, instr, place, &argument) < 2 &&
                          !paired_acquirer(ir, place, instr->callee)))
                continue;
            if (i > 0 && tracked(ir, instr->args[0].place) &&
                !strstr(instr->callee, place_text(ir, place)))
                continue;
            if (i > 0 && is_plain_value(ir, place) && instr->args[i].kind == O_PLACE &&
                !paired_acquirer(ir, place, instr->callee))
                continue; /* object_delete(repository, kind, name) */
            if (is_error_object(ir, place) ||
                (name_unlocks(instr->callee) && !comes_from_lock(ir, place)))
                continue;
            struct site *site = site_at(ir, sites, place);
            site->has_release = true;
            if (is_number(ir, place) && closes_number(instr->callee) && !site->known)
                site->resource = R_DESCRIPTOR;
            site->by_address |= instr->args[i].kind == O_ADDRESS && !is_pointer(ir, place);
            if (!site->release)
                site->release = instr->callee;
        }
    }
}

static bool same_structure(const struct decl *a, const struct decl *b)
{
    if (!a || !b || a->type.stars || b->type.stars || a->type.count != b->type.count ||
        a->type.is_array || b->type.is_array || a->type.is_static || a->attribute)
        return false;
    for (int i = 0; i < a->type.count; i++)
        if (a->type.words[i] != b->type.words[i])
            return false;
    return a->type.count > 1 && strcmp(a->type.words[0], "struct") == 0;
}

/* struct buffer a, b; … buffer_release(&b): then a must be released as well. */
static void mark_siblings(struct ir *ir, site_vec *sites)
{
    int count = sites->count;
    for (int i = 0; i < count; i++) {
        struct site known = sites->at[i];
        if (!known.by_address || !known.has_release || known.known ||
            ir->places.at[known.place].kind != P_LOCAL)
            continue;
        for (int place = 0; place < ir->places.count; place++) {
            const struct place *at = &ir->places.at[place];
            if (at->kind != P_LOCAL || place == known.place ||
                !same_structure(at->decl, ir->places.at[known.place].decl))
                continue;
            struct site *site = site_at(ir, sites, place);
            if (site->has_release || site->known)
                continue;
            site->by_address = site->has_release = site->mined = true;
            site->release = known.release;
        }
    }
}

static bool only_looks(const char *callee)
{
    return callee && model_harmless(callee);
}

/* A value that its callee owns: nothing is acquired. */
static bool borrows(const char *callee)
{
    bool harmless = name_constructs(callee) ? model_known_harmless(callee) : model_harmless(callee);
    return name_is_predicate(callee) || harmless || strstr(callee, "alloca") ||
           strstr(callee, "newa") || strstr(callee, "joina") || strstr(callee, "bind_property") ||
           name_ends_with(callee, "dupa") || strstr(callee, "talloc") || strstr(callee, "palloc") ||
           strncmp(callee, "apr_", 4) == 0 || strncmp(callee, "devm_", 5) == 0 ||
           strstr(callee, "obstack");
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
        return -1;                              /* hashmap_get_from_hash */
    bool casts = strncmp(callee, "__", 2) == 0; /* __listener_of(object) */
    return name_constructs(callee)                         ? 1
           : casts                                         ? -2
           : name_gets(callee) || name_is_constant(callee) ? -1
                                                           : 0;
}

/* Does the function take a reference of its own to what it got? Then it had none before. */
static bool takes_reference(const struct ir *ir, int place)
{
    static const char *const words[] = {"hold", "ref", "grab", "retain", "incref", "addref", NULL};
    EACH (instr, &ir->code)
        if (instr->kind == I_CALL && instr->callee && instr->arg_count > 0 &&
            instr->args[0].place == place && name_has_any(instr->callee, words))
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
    return names_status(place_text(ir, place)) && !name_has_any(call->callee, opens) &&
           !strstr(call->callee, "open") && !strstr(call->callee, "temp");
}

static void add_inferred(struct ir *ir, site_vec *sites, int index, bool lends)
{
    struct instr *instr = &ir->code.at[index];
    int argument;
    int place = lends ? -1 : variable_of(ir, index, instr->dst);
    for (int i = 0; i < sites->count; i++) {
        struct site *site = &sites->at[i];
        if (!site->has_release || site->argument ||
            (lends && instr->dst >= 0 && variable_of(ir, index, instr->dst) == site->place) ||
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
        for (int k = 0; k < instr->arg_count && !(site->known && site->by_address); k++) {
            if (instr->args[k].kind != O_ADDRESS || instr->args[k].place != site->place ||
                shapes_text(instr->callee) || only_looks(instr->callee) ||
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

static void add_mined(struct ir *ir, site_vec *sites, int index, struct knowledge *knowledge)
{
    struct instr *instr = &ir->code.at[index];
    int place = variable_of(ir, index, instr->dst);
    const char *release;
    if (name_is_constant(instr->callee) || comes_from_pool(ir, instr) ||
        strstr(instr->callee, "bind_property") || strstr(instr->callee, "talloc"))
        return; /* a cast: G_OBJECT(x) */
    if (!tracked(ir, place) || !(release = knowledge_release(knowledge, instr->callee)))
        return;
    if (!name_acquires(instr->callee) && !name_constructs(instr->callee) &&
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
    int place = argument < 0 ? variable_of(ir, index, instr->dst) : instr->args[argument].place;
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

static void add_typed(struct ir *ir, site_vec *sites, int index, struct knowledge *knowledge)
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
static const struct acquirer *descriptor_wrapper(struct ir *ir, int index)
{
    static const struct acquirer wrapper = {"", R_DESCRIPTOR, -1, FAILS_NEGATIVE};
    static const char *const words[] = {"open", "socket", "dup", "dup3", "accept", "connect", NULL};
    const struct instr *instr = &ir->code.at[index];
    int place = variable_of(ir, index, instr->dst);
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
    bool result = variable_of(ir, index, instr->dst) == place;
    if (!tracked(ir, place) || raise_strength(ir, sites, index, place) ||
        !may_be_owned(ir, place, resource))
        return;
    struct site *site = site_at(ir, sites, place);
    if (site->by_address || site->argument)
        return;
    site->owned = true;
    if (site->has_release || site->known)
        return;
    site->resource = resource;
    site->release = resource_release(resource);
    struct acquisition *acquisition = ADD(ir->arena, &site->acquisitions);
    *acquisition = (struct acquisition){index, result ? instr->dst : place, {0}, false, 1, false};
    acquisition->failing = result ? failing_value(ir, index, instr->dst,
                                                  resource == R_DESCRIPTOR ? FAILS_NEGATIVE
                                                                           : FAILS_NULL)
                                  : failing_status(ir, index, instr->dst, place);
}

/* By what the called function does, in this file or another one, its result or an argument is the caller's to release. */
static void add_owned(struct ir *ir, site_vec *sites, int index, struct knowledge *knowledge)
{
    const struct instr *instr = &ir->code.at[index];
    int resource, made;
    const char *maker = knowledge_maker(knowledge, instr);
    int place = variable_of(ir, index, instr->dst);
    if (instr->dst >= 0 && knowledge_result(knowledge, instr, &resource) == RESULT_OWNED)
        add_owned_place(ir, sites, index, place, (enum resource)resource);
    else if (instr->dst >= 0 && maker && name_makes(maker) && !borrows(maker) && place >= 0)
        raise_strength(ir, sites, index, place);
    for (int i = 0; i < instr->arg_count; i++)
        if (instr->args[i].kind == O_ADDRESS &&
            (made = knowledge_acquires(knowledge, instr, i)) >= 0)
            add_owned_place(ir, sites, index, instr->args[i].place, (enum resource)made);
}

/* mmap(address, …, MAP_FIXED, …) takes the place of a part of an older mapping. */
static bool maps_fixed(const struct ir *ir, const struct instr *call)
{
    if (strcmp(call->callee, "mmap") != 0 || call->arg_count < 4)
        return false;
    const struct operand *flags = &call->args[3];
    const char *text = flags->kind == O_SYMBOL  ? flags->text
                       : flags->kind == O_PLACE ? ir->places.at[flags->place].text
                                                : "";
    return strstr(text, "MAP_FIXED") != NULL;
}

/* realpath(name, buffer), BN_bin2bn(bytes, n, number): they return what they were passed. */
static bool fills_argument(const struct instr *call)
{
    int last = strcmp(call->callee, "realpath") == 0    ? 1
               : strcmp(call->callee, "BN_bin2bn") == 0 ? 2
                                                        : -1;
    return last >= 0 && call->arg_count == last + 1 &&
           !(call->args[last].kind == O_NUMBER && call->args[last].number == 0);
}

/* talloc_new(NULL): a context that belongs to no other. */
static const struct acquirer *context_of_its_own(const struct instr *call)
{
    static const struct acquirer context = {"", R_OBJECT, -1, FAILS_NULL};
    bool top = call->arg_count > 0 && call->args[0].kind == O_NUMBER && call->args[0].number == 0;
    return top &&
                   (strcmp(call->callee, "talloc") == 0 ||
                    strncmp(call->callee, "talloc_", 7) == 0) &&
                   name_releases(call->callee) == 0
               ? &context
               : NULL;
}

static void find_acquisitions(struct ir *ir, site_vec *sites, int index,
                              struct knowledge *knowledge)
{
    const char *callee = ir->code.at[index].callee;
    const struct expr *expr = ir->code.at[index].expr;
    bool method = expr && expr->kind == E_CALL && expr->a && expr->a->kind == E_MEMBER;
    const struct acquirer *acquirer = method ? NULL : model_acquirer(callee),
                          *more = method ? NULL : model_acquirer_more(callee);
    if (!acquirer && !method && !(knowledge && knowledge_lends(knowledge, &ir->code.at[index])))
        acquirer = descriptor_wrapper(ir, index);
    if (!acquirer)
        acquirer = context_of_its_own(&ir->code.at[index]);
    bool lent = knowledge && knowledge_nobody_releases(knowledge, callee);
    if (lent && acquirer && model_allocates(callee))
        return; /* text = t_strdup(name): an arena has it */
    if (maps_fixed(ir, &ir->code.at[index]) || fills_argument(&ir->code.at[index]))
        return;
    if (more)
        add_known(ir, sites, index, more);
    if (acquirer) {
        add_known(ir, sites, index, acquirer);
        return;
    }
    bool lends = knowledge && knowledge_lends(knowledge, &ir->code.at[index]);
    add_inferred(ir, sites, index, lends);
    if (!knowledge || lends || lent)
        return;
    add_mined(ir, sites, index, knowledge);
    add_typed(ir, sites, index, knowledge);
    add_owned(ir, sites, index, knowledge);
}

static bool makes_temporary(const char *name)
{
    return strstr(name, "mkstemp") || strstr(name, "mkostemp") || strstr(name, "mkdtemp") ||
           strstr(name, "mktmp") ||
           (strstr(name, "open_tmpfile_linkable") && strncmp(name, "glnx", 4) != 0) ||
           strstr(name, "fopen_temporary");
}

static void add_temporary(struct ir *ir, site_vec *sites, int index, int name,
                          struct failing failing)
{
    struct site *site = ADD(ir->arena, sites);
    site->place = name;
    site->resource = R_TEMPORARY;
    site->argument = site->acquire = ir->code.at[index].callee;
    struct acquisition *acquisition = ADD(ir->arena, &site->acquisitions);
    *acquisition = (struct acquisition){index, name, failing, true, 2, false};
}

/* Is the place the first argument of a function with one of these words in its name? */
static bool is_passed(const struct ir *ir, const char *words, int place)
{
    EACH (instr, &ir->code)
        if (instr->kind == I_CALL && instr->callee && instr->arg_count > 0 &&
            instr->args[0].kind == O_PLACE && instr->args[0].place == place &&
            ((strstr(words, "rename") && name_has(instr->callee, "rename")) ||
             (strstr(words, "unlink") &&
              (name_has(instr->callee, "unlink") || strcmp(instr->callee, "remove") == 0))))
            return true;
    return false;
}

/* The place that the call opens under a name of this function: fopen(name, "w"), open_scratch(&file, path, &name); -1: none. */
static int name_opened(const struct instr *call)
{
    static const char *const opens[] = {"open", "open64", "fopen", "creat", NULL};
    if (word_in(call->callee, opens)) {
        bool creates = strcmp(call->callee, "creat") == 0 || call->arg_count == 3;
        if (strcmp(call->callee, "fopen") == 0 && call->arg_count == 2)
            creates = call->args[1].kind == O_STRING && call->args[1].text[1] == 'w';
        return creates && call->args[0].kind == O_PLACE ? call->args[0].place : -1;
    }
    const struct operand *last = call->arg_count > 1 ? &call->args[call->arg_count - 1] : NULL;
    bool opens_it = strstr(call->callee, "open") != NULL && !makes_temporary(call->callee);
    return last && opens_it && last->kind == O_ADDRESS ? last->place : -1;
}

static bool returns_truth(const struct ir *ir, int place)
{
    const struct decl *decl = place >= 0 ? ir->places.at[place].decl : NULL;
    return decl && decl->type.count > 0 &&
           strstr(decl->type.words[decl->type.count - 1], "bool") != NULL;
}

/* open(name, O_CREAT | O_EXCL, …), with a name in an array of this function: it is new, as a lock file. */
static bool opens_new(const struct ir *ir, const struct instr *call)
{
    const struct operand *flags = call->arg_count == 3 ? &call->args[1] : NULL;
    return flags && flags->kind == O_PLACE && is_array(ir, call->args[0].place) &&
           strstr(ir->places.at[flags->place].text, "O_EXCL") != NULL;
}

/* snprintf(name, …, "%s.tmp", path); f = fopen(name, "w"); … rename(name, path); that the function also removes. */
static void find_named_temporary(struct ir *ir, site_vec *sites, int index)
{
    const struct instr *call = &ir->code.at[index];
    int name = name_opened(call);
    if (name < 0 || ir->places.at[name].kind != P_LOCAL ||
        !(is_passed(ir, "rename", name) || opens_new(ir, call)) ||
        !is_passed(ir, "unlink remove", name))
        return;
    int held = variable_of(ir, index, call->dst);
    bool stream = strcmp(call->callee, "fopen") == 0;
    bool status = call->args[0].place != name;
    struct failing failing = status ? failing_status(ir, index, call->dst, name)
                                    : failing_value(ir, index, held,
                                                    stream ? FAILS_NULL : FAILS_NEGATIVE);
    bool zero = failing.right.kind == O_NUMBER && failing.right.number == 0;
    if (status && zero && !returns_truth(ir, held) &&
        (failing.sign == S2('!', '=') || failing.sign == S2('=', '=')))
        failing.truth = failing.sign == S2('!', '='); /* if (!result) …: a status */
    add_temporary(ir, sites, index, name, failing);
}

/* mkstemp(name): the file is there until it is removed or renamed. */
void find_temporaries(struct ir *ir, site_vec *sites)
{
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *instr = &ir->code.at[i];
        if (instr->kind == I_CALL && instr->callee && !instr->implicit)
            find_named_temporary(ir, sites, i);
        if (instr->kind != I_CALL || !instr->callee || !makes_temporary(instr->callee))
            continue;
        int name = -1;
        for (int k = 0; k < instr->arg_count; k++)
            if (instr->args[k].place >= 0 && (instr->args[k].kind == O_ADDRESS || k == 0))
                name = name < 0 || k > 0 ? instr->args[k].place : name;
        if (name < 0)
            continue;
        struct failing failing = strstr(instr->callee, "mkdtemp")
                                     ? failing_value(ir, i, instr->dst, FAILS_NULL)
                                 : strstr(instr->callee, "temp")
                                     ? failing_value(ir, i, instr->dst, FAILS_NEGATIVE)
                                     : failing_status(ir, i, instr->dst, name);
        add_temporary(ir, sites, i, name, failing);
    }
}

/* Module_AutoMemory(ctx): what is not released at the end is released by others. */
static bool releases_itself(const struct ir *ir)
{
    EACH (instr, &ir->code)
        if (instr->kind == I_CALL && instr->callee &&
            (strstr(instr->callee, "AutoMemory") || strstr(instr->callee, "auto_memory") ||
             strstr(instr->callee, "autorelease")))
            return true;
    return false;
}

void sites_find(struct ir *ir, site_vec *sites, struct knowledge *knowledge)
{
    if (releases_itself(ir))
        return;
    mark_released(ir, sites);
    mark_siblings(ir, sites);
    for (int i = 0; i < ir->code.count; i++)
        if (ir->code.at[i].kind == I_CALL && !ir->code.at[i].implicit && ir->code.at[i].callee)
            find_acquisitions(ir, sites, i, knowledge);
    find_pairs(ir, sites, knowledge);
    find_temporaries(ir, sites);
    find_tasks(ir, sites);
    find_cleaned(ir, sites);
    sites_find_errors(ir, sites);
    sites_split_pairs(ir, sites);
}
